import { resolveImport, type SourceFile } from './source-tree'

/** The staircase, from left to right, and which rooms each may import from besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'lib/core': [],
  'lib/env': [],
  'lib/edge': ['lib/core', 'lib/env/edge'],
  'lib/store': ['lib/core', 'lib/edge', 'lib/env', 'lib/generated'],
  'lib/domain': ['lib/core', 'lib/edge', 'lib/env', 'lib/store', 'lib/generated'],
  'lib/http': ['lib/core', 'lib/edge', 'lib/env', 'lib/store', 'lib/domain'],
  app: ['lib/core', 'lib/edge', 'lib/env', 'lib/store', 'lib/domain', 'lib/http'],
  'middleware.ts': ['lib/core', 'lib/edge', 'lib/env/edge'],
  'next.config.ts': ['lib/core'],
  server: ['cli', 'lib', 'middleware'],
  worker: ['lib/core', 'lib/edge', 'lib/env/edge'],
  cli: ['server', 'lib'],
  bench: ['server', 'cli', 'lib', 'worker'],
  e2e: ['server', 'cli', 'lib'],
}

/** What http may ask of the database: whether it is up, and whether a failure was its outage. Neither reads a row. */
const DATABASE_PROBES = ['checkDatabase', 'isDatabaseOutage']

const isTest = (path: string) => /\.(?:i?test|spec)\.tsx?$/.test(path) || /(?:^|\/)testing\//.test(path)
const isConfiguration = (path: string) => /^[\w-]+\.config\.(?:ts|mjs)$/.test(path)
const within = (path: string, room: string) => path === room || path.startsWith(`${room}/`)

function roomOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT).find((room) => within(path, room))
}

/** Imports that go to the right, or into a room that nobody has named. */
export function wrongArrows(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, imports }) => {
    if (isTest(path)) return []
    const room = roomOf(path)
    if (!room) return isConfiguration(path) ? [] : [`${path} stands in no room`]
    return imports.flatMap(({ specifier }) => {
      const target = resolveImport(path, specifier)
      if (target === null || within(target, room))
        return isTest(`${target}.ts`) ? [`${path} → ${target}`] : []
      const allowed = MAY_IMPORT[room]?.some((other) => within(target, other))
      // A benchmark is no more served to anybody than a test is.
      return allowed && (room === 'bench' || !isTest(`${target}/`)) ? [] : [`${path} → ${target}`]
    })
  })
}

/** Next.js and React outside of app, middleware and http; the server itself may start Next. */
export function misplacedFramework(files: readonly SourceFile[]): string[] {
  const framework = /^(?:next|react|react-dom|next-auth|next-themes)(?:\/|$)/
  return files.flatMap(({ path, imports }) => {
    const allowed = ['app', 'middleware.ts', 'lib/http', 'next.config.ts', 'e2e', 'bench/bare'].some((room) =>
      within(path, room),
    )
    if (allowed || isTest(path)) return []
    const found = imports.filter(({ specifier }) => framework.test(specifier))
    return found
      .filter(({ specifier }) => !(specifier === 'next' && within(path, 'server')))
      .map(({ specifier }) => `${path} → ${specifier}`)
  })
}

/** Readers of the environment outside of env, server, cli, tests and configurations. */
export function misplacedEnvironment(files: readonly SourceFile[]): string[] {
  const allowed = ['lib/env', 'server', 'cli', 'e2e', 'bench']
  return files
    .filter(({ path, readsEnvironment }) => {
      return (
        readsEnvironment &&
        !isTest(path) &&
        !isConfiguration(path) &&
        !allowed.some((room) => within(path, room))
      )
    })
    .map(({ path }) => path)
}

/** Prisma’s client outside of store and domain. */
export function misplacedDatabase(files: readonly SourceFile[]): string[] {
  const allowed = ['lib/store', 'lib/domain', 'server', 'cli', 'e2e', 'bench']
  return files.flatMap(({ path, imports }) => {
    if (isTest(path) || allowed.some((room) => within(path, room))) return []
    const found = imports.filter(({ specifier, names }) => {
      const target = resolveImport(path, specifier) ?? specifier
      const isProbe = within(path, 'lib/http') && names.every((name) => DATABASE_PROBES.includes(name))
      if (target === 'lib/store/db') return !isProbe
      return /^(?:lib\/generated|@prisma\/client)(?:\/|$)/.test(target)
    })
    return found.map(({ specifier }) => `${path} → ${specifier}`)
  })
}

/** Server actions outside of app’s actions.ts, and exports there that no action wraps. */
export function misplacedActions(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, directives, exports, text }) => {
    const isActions = path.startsWith('app/') && path.endsWith('/actions.ts')
    if (!directives.has('use server')) return isActions ? [`${path} lacks 'use server'`] : []
    if (!isActions) return [`${path} has 'use server'`]
    if (!/^(?:\s|\/\/.*\n)*'use server'/.test(text))
      return [`${path} has 'use server' elsewhere than at its top`]
    return [...exports]
      .filter(([, call]) => call?.callee !== 'action' && call?.callee !== 'publicAction')
      .map(([name]) => `${path} exports ${name} without action or publicAction`)
  })
}

/** Code for the browser that reaches the server’s rooms other than through an action. */
export function serverCodeInBrowser(files: readonly SourceFile[]): string[] {
  const byName = new Map(files.map((file) => [file.path.replace(/\.tsx?$/, ''), file]))
  const forbidden = /^lib\/(?:store|domain|http|env|generated)(?:\/|$)/
  const found: string[] = []
  for (const client of files.filter(({ directives }) => directives.has('use client'))) {
    const seen = new Set([client.path])
    const queue = [client]
    for (let file = queue.pop(); file; file = queue.pop()) {
      for (const { specifier, typeOnly } of file.imports) {
        const target = resolveImport(file.path, specifier)
        if (target === null || (typeOnly && file !== client)) continue
        if (forbidden.test(target)) found.push(`${client.path} → ${file.path} → ${target}`)
        const next = typeOnly ? undefined : (byName.get(target) ?? byName.get(`${target}/index`))
        if (!next || seen.has(next.path) || next.directives.has('use server')) continue
        seen.add(next.path)
        queue.push(next)
      }
    }
  }
  return found
}

/** Words that stand nowhere in shipped code. */
export function forbiddenWords(files: readonly SourceFile[]): string[] {
  const words = ['dangerouslySetInnerHTML', '$queryRawUnsafe', '$executeRawUnsafe', '@ts-ignore']
  return files.flatMap((file) => {
    if (isTest(file.path)) return []
    return words.filter((word) => file.words.has(word)).map((word) => `${file.path}: ${word}`)
  })
}

/** Comments and calls that silence a check or leave work behind. */
export function silencedChecks(files: readonly SourceFile[]): string[] {
  const silence =
    /@ts-(?:ignore|expect-error|nocheck)|biome-ignore|eslint-disable|\b(?:TODO|FIXME|XXX)\b|\b(?:test|it|describe)\.(?:skip|only|todo)\b/
  return files
    .filter(({ path, text }) => !path.startsWith('lib/testing/house-rules') && silence.test(text))
    .map(({ path, text }) => `${path}: ${silence.exec(text)?.[0]}`)
}

/** Files named otherwise than rule 11 says. */
export function misnamed(paths: readonly string[]): string[] {
  const kebab = /^(?:[a-z0-9]+(?:-[a-z0-9]+)*)(?:\.[a-z0-9]+)+$/
  const vague = /^(?:utils?|helpers?|common|misc|shared|manager)\b|-(?:utils?|helpers?|manager)\./
  return paths.filter((path) => {
    const name = path.split('/').at(-1) ?? ''
    return !kebab.test(name) || vague.test(name)
  })
}
