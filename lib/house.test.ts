import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Endpoint, endpoints } from './core/endpoints'
import { apiPolicy, webPolicy } from './core/policy'
import * as rules from './testing/house-rules'
import { listFiles, readSource, readText, type SourceFile, sourceTree } from './testing/source-tree'

const files = sourceTree()
const LINES_MAX = 300

/** A file that is not there, for showing that a rule notices it. */
const fake = (path: string, text: string): SourceFile => readSource(path, text)

describe('imports go left', () => {
  test('in every file', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(rules.wrongArrows(files)).toEqual([])
  })

  test.each([
    ['lib/core/x.ts', "import { gate } from '../edge/gate'"],
    ['lib/core/x.ts', "import type { EdgeEnv } from '../env/edge'"],
    ['lib/edge/x.ts', "import { db } from '../store/db'"],
    ['lib/edge/x.ts', "export * from '../env/node'"],
    ['lib/store/x.ts', "import type { User } from '../domain/users'"],
    ['lib/domain/x.ts', "const { route } = await import('../http/route')"],
    ['lib/http/x.ts', "import Page from '@/app/page'"],
    ['lib/env/x.ts', "import { webHmac } from '../edge/hmac'"],
    ['middleware.ts', "import { db } from './lib/store/db'"],
    ['server/x.ts', "import { Button } from '../app/_ui/button'"],
    ['lib/edge/x.ts', "import { startRestServer } from '../../server/redis/rest-server'"],
    ['lib/edge/x.ts', "import { openWorld } from './testing/world'"],
    ['lib/domain/x.ts', "let a: import('../http/route').Route"],
    ['lib/elsewhere/x.ts', ''],
  ])('and the test notices %s with: %s', (path, text) => {
    expect(rules.wrongArrows([fake(path, text)])).toHaveLength(1)
  })

  test.each([
    ['lib/edge/x.ts', "import { TwigError } from '../core/errors'"],
    ['lib/edge/x.ts', "import type { EdgeEnv } from '../env/edge'"],
    ['lib/http/x.ts', "import { listAgents } from '../domain/agents'\nimport { z } from 'zod'"],
    ['app/x.tsx', "import { Button } from '@/app/_ui/button'\nimport { route } from '@/lib/http/route'"],
    ['lib/edge/x.test.ts', "import { startRestServer } from '../../server/redis/rest-server'"],
  ])('and lets %s import: %s', (path, text) => {
    expect(rules.wrongArrows([fake(path, text)])).toEqual([])
  })
})

describe('each thing in its room', () => {
  test('Next.js and React: app, middleware, http', () => {
    expect(rules.misplacedFramework(files)).toEqual([])
    for (const text of [
      "import type { NextRequest } from 'next/server'",
      "import { cache } from 'react'",
      "import NextAuth from 'next-auth'",
    ]) {
      expect(rules.misplacedFramework([fake('lib/edge/x.ts', text)])).toHaveLength(1)
    }
  })

  test('the environment: env, server, cli', () => {
    expect(rules.misplacedEnvironment(files)).toEqual([])
    for (const text of [
      'process.env.PORT',
      "process['env']",
      'const { env } = process',
      'globalThis.process.env',
      'process?.env',
      "import { env } from 'node:process'",
      'import.meta.env',
    ]) {
      expect(rules.misplacedEnvironment([fake('lib/core/x.ts', text)]), text).toHaveLength(1)
    }
    expect(
      rules.misplacedEnvironment([fake('lib/core/x.ts', '// process.env\nconst a = `process.env`')]),
    ).toEqual([])
  })

  test('the database: store and domain', () => {
    expect(rules.misplacedDatabase(files)).toEqual([])
    const probe = "import { isDatabaseOutage } from '../store/db'"
    expect(rules.misplacedDatabase([fake('lib/http/x.ts', probe)])).toEqual([])
    for (const text of [
      probe.replace('{ ', '{ db, '),
      "import * as db from '../store/db'",
      "export * from '../store/db'",
    ]) {
      expect(rules.misplacedDatabase([fake('lib/http/x.ts', text)]), text).toHaveLength(1)
    }
    expect(
      rules.misplacedDatabase([fake('app/page.tsx', "import { db } from '@/lib/store/db'")]),
    ).toHaveLength(1)
    expect(
      rules.misplacedDatabase([
        fake('lib/http/x.ts', "import type { Prisma } from '../generated/prisma/client'"),
      ]),
    ).toHaveLength(1)
  })

  test('server actions: actions.ts under app, each export made by action or publicAction', () => {
    expect(rules.misplacedActions(files)).toEqual([])
    const wrong: [string, string][] = [
      ['app/x/page.tsx', "export async function f() {\n  'use server'\n}"],
      ['lib/http/actions.ts', "'use server'\nexport const f = action(A, b)"],
      ['app/x/actions.ts', 'export const f = action(A, b)'],
      ['app/x/actions.ts', "'use server'\nexport async function f() {}"],
      ['app/x/actions.ts', "'use server'\nexport const f = async () => action(A, b)"],
      ['app/x/actions.ts', "'use server'\nexport { f } from './f'"],
      ['app/x/actions.ts', "'use server'\nexport * from './f'"],
      ['app/x/actions.ts', "'use server'\nexport default action(A, b)"],
    ]
    for (const [path, text] of wrong) expect(rules.misplacedActions([fake(path, text)]), text).toHaveLength(1)
    expect(
      rules.misplacedActions([fake('app/x/actions.ts', "'use server'\nexport const f = action(A, b)")]),
    ).toEqual([])
  })

  test('nothing of the server’s rooms in code for the browser, at first hand or through another file', () => {
    expect(rules.serverCodeInBrowser(files)).toEqual([])
    const client = fake('app/a.tsx', "'use client'\nimport { b } from './b'")
    const between = fake('app/b.ts', "import { db } from '@/lib/store/db'")
    expect(rules.serverCodeInBrowser([client, between])).toHaveLength(1)
    const direct = fake('app/a.tsx', "'use client'\nimport type { Agent } from '@/lib/domain/agents'")
    expect(rules.serverCodeInBrowser([direct])).toHaveLength(1)
    const action = fake('app/b.ts', "'use server'\nimport { db } from '@/lib/store/db'")
    expect(rules.serverCodeInBrowser([client, action])).toEqual([])
  })
})

describe('every route has a policy and every policy a route', () => {
  /** `app/(app)/agents/[id]/page.tsx` → `/agents/{id}`. */
  const address = (path: string) => {
    const parts = path
      .split('/')
      .slice(1, -1)
      .filter((part) => !part.startsWith('('))
    return `/${parts.map((part) => part.replace(/^\[(\w+)\]$/, '{$1}')).join('/')}`
  }
  const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']
  /** What next-auth’s catch-all serves; anything else of it is refused by having no row. */
  const NEXT_AUTH = [
    'GET /api/auth/csrf',
    'GET /api/auth/providers',
    'POST /api/auth/callback/credentials',
    'POST /api/auth/signout',
  ]
  const CATCH_ALL = 'app/api/auth/[...nextauth]/route.ts'
  const routes = files.filter(({ path }) => /^app\/(?:.*\/)?route\.tsx?$/.test(path))
  const pages = files.filter(({ path }) => /^app\/(?:.*\/)?page\.tsx$/.test(path))

  const served = [
    ...routes.flatMap(({ path, exports }) => {
      if (path === CATCH_ALL) return NEXT_AUTH
      return METHODS.filter((method) => exports.has(method)).map((method) => `${method} ${address(path)}`)
    }),
    ...pages.map(({ path }) => `GET ${address(path)}`),
    ...listFiles('public').map((path) => `GET ${path.slice('public'.length)}`),
  ]
  const rows = [
    ...apiPolicy.flatMap(({ methods, pattern }) => methods.map((method) => `${method} /api/v1${pattern}`)),
    ...webPolicy.flatMap(({ methods, pattern }) => methods.map((method) => `${method} ${pattern}`)),
  ]
  const isPage = (row: string) => pages.some(({ path }) => row === `POST ${address(path)}`)

  test('there are routes and pages to look at', () => {
    expect(routes.length).toBeGreaterThan(5)
    expect(pages.length).toBeGreaterThan(5)
    expect(files.some(({ path }) => path === CATCH_ALL)).toBe(true)
  })

  test('nothing is served that the policy does not know', () => {
    expect(served.filter((route) => !rows.includes(route))).toEqual([])
  })

  test('the policy knows nothing that is not served; a POST to a page is its server action', () => {
    expect(rows.filter((row) => !served.includes(row) && !isPage(row))).toEqual([])
  })

  test('no file makes a route in another way: metadata files, pages/, src/ or parallel routes', () => {
    const special =
      /^app\/(?:.*\/)?(?:favicon|icon|apple-icon|opengraph-image|twitter-image|robots|sitemap|manifest)\.\w+$/
    expect(
      listFiles('app').filter((path) => special.test(path) || path.includes('/@') || /\/\(\.+\)/.test(path)),
    ).toEqual([])
    expect([...listFiles('pages'), ...listFiles('src')]).toEqual([])
    expect(files.filter(({ path }) => path === 'proxy.ts' || path === 'instrumentation.ts')).toEqual([])
  })

  test('a handler of the API is its operation of the same method and path, behind route()', () => {
    const operations: Readonly<Record<string, Endpoint>> = endpoints
    for (const { path, exports } of routes.filter(({ path }) => path.startsWith('app/api/v1/'))) {
      for (const [name, call] of exports) {
        if (!METHODS.includes(name) || path.endsWith('/openapi.json/route.ts')) continue
        const operation = operations[call?.first ?? '']
        expect(call?.callee, `${name} of ${path}`).toBe('route')
        expect(`${operation?.method.toUpperCase()} /api/v1${operation?.path}`).toBe(
          `${name} ${address(path)}`,
        )
      }
    }
  })
})

describe('plain code', () => {
  test('has no way round React’s escaping or Prisma’s parameters', () => {
    expect(rules.forbiddenWords(files)).toEqual([])
    expect(
      rules.forbiddenWords([fake('app/x.tsx', 'const a = <p dangerouslySetInnerHTML={x} />')]),
    ).toHaveLength(1)
    expect(rules.forbiddenWords([fake('lib/store/x.ts', "db()['$queryRawUnsafe'](x)")])).toHaveLength(1)
  })

  test('silences no check and leaves nothing to do', () => {
    expect(rules.silencedChecks(files)).toEqual([])
  })

  test(`has at most ${LINES_MAX} lines a file`, () => {
    const styles = listFiles('app').filter((path) => path.endsWith('.css'))
    const texts = [
      ...files.map(({ path, text }) => ({ path, text })),
      ...styles.map((path) => ({ path, text: readText(path) })),
    ]
    const long = texts.filter(({ text }) => text.trimEnd().split('\n').length > LINES_MAX)
    expect(long.map(({ path }) => path)).toEqual([])
  })

  test('is named in kebab case, by what it is', () => {
    expect(rules.misnamed(files.map(({ path }) => path))).toEqual([])
    expect(
      rules.misnamed(['lib/core/apiKey.ts', 'lib/utils.ts', 'lib/date-helpers.ts', 'app/Button.tsx']),
    ).toHaveLength(4)
  })
})

describe('dependencies', () => {
  const Versions = z.record(z.string(), z.string())
  const manifest = z
    .object({ dependencies: Versions, devDependencies: Versions, overrides: Versions.optional() })
    .parse(JSON.parse(readText('package.json')))

  test('are pinned to one exact version each', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides }
    const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.-]+)?$/.test(version))
    expect(loose).toEqual([])
  })

  const generated = listFiles('lib/generated').map((path) => readSource(path, readText(path)))
  const shipped = [...files, ...generated].filter(({ path }) => !/\.i?test\.|\/testing\/|^e2e\//.test(path))
  const importers = (name: string, among: SourceFile[]) =>
    among.filter(({ imports }) =>
      imports.some(({ specifier }) => specifier === name || specifier.startsWith(`${name}/`)),
    )

  test.each([
    'next',
    'react',
    'next-auth',
    'prisma',
    '@prisma/client',
    '@upstash/ratelimit',
    '@upstash/redis',
  ])('%s is a direct one that shipped code imports', (name) => {
    expect(manifest.dependencies).toHaveProperty([name])
    expect(importers(name, shipped).map(({ path }) => path)).not.toEqual([])
  })

  test('tailwindcss is a direct one that the styles import', () => {
    expect(manifest.dependencies).toHaveProperty(['tailwindcss'])
    expect(readText('app/globals.css')).toMatch(/^@import ["']tailwindcss["'];/m)
  })

  test('playwright is a direct one that drives the browser of e2e', () => {
    expect(manifest.devDependencies).toHaveProperty(['playwright'])
    const e2e = files.filter(({ path }) => path.startsWith('e2e/'))
    expect(importers('@playwright/test', e2e).length + importers('playwright', e2e).length).toBeGreaterThan(0)
  })
})
