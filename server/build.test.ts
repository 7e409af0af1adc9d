import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ensureBuild, serverActionsKey, sourceDigest } from './build'

let root: string
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'twig build '))
  write('app/page.tsx', 'page')
  write('lib/core/a.ts', 'a')
  write('middleware.ts', 'gate')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test.each([
  'app/page.tsx',
  'app/new/page.tsx',
  'lib/core/a.ts',
  'middleware.ts',
  'prisma/schema.prisma',
  'package-lock.json',
])('a change to %s asks for a new build', (path) => {
  const before = sourceDigest(root)
  write(path, 'changed')
  expect(sourceDigest(root)).not.toBe(before)
})

test.each([
  'README.md',
  'server/start.ts',
  'cli/main.ts',
  'lib/core/a.test.ts',
  'lib/core/testing/world.ts',
  'lib/generated/prisma/client.ts',
  'tsconfig.json',
])('a change to %s does not', (path) => {
  const before = sourceDigest(root)
  write(path, 'changed')
  expect(sourceDigest(root)).toBe(before)
})

test('content that moves to another file is a change', () => {
  const before = sourceDigest(root)
  rmSync(join(root, 'lib/core/a.ts'))
  write('lib/core/b.ts', 'a')
  expect(sourceDigest(root)).not.toBe(before)
})

test('a build of these very sources is used as it is, without a word', async () => {
  write('.next/twig.stamp', sourceDigest(root))
  const said: string[] = []
  await ensureBuild(root, { say: (line) => said.push(line), signal: new AbortController().signal })
  expect(said).toEqual([])
})

test('a build that fails says why and is not taken for one', async () => {
  write('node_modules/next/dist/bin/next', `process.stderr.write('no such page'); process.exit(1)`)
  const build = () => ensureBuild(root, { say: () => {}, signal: new AbortController().signal })
  await expect(build()).rejects.toThrow(/no such page\nThe build failed\./)
  await expect(build()).rejects.toThrow(/The build failed/)
})

test('starts that come at once build once between them', async () => {
  write('node_modules/next/dist/bin/next', `require('fs').appendFileSync('built', 'x')`)
  const said: string[] = []
  const build = () =>
    ensureBuild(root, { say: (line) => said.push(line), signal: new AbortController().signal })
  await Promise.all([build(), build(), build()])
  expect(said.filter((line) => line === 'Building …')).toHaveLength(1)
})

test('being told to stop ends a build that is under way', async () => {
  write('node_modules/next/dist/bin/next', `setInterval(() => {}, 1000)`)
  const stop = new AbortController()
  const build = ensureBuild(root, { say: () => stop.abort(), signal: stop.signal })
  await expect(build).rejects.toThrow('Stopped while building.')
})

test('machines that build for themselves call server actions alike, if they have the same secret', () => {
  const key = serverActionsKey('a secret of 32 characters or more')
  expect(serverActionsKey('a secret of 32 characters or more')).toBe(key)
  expect(serverActionsKey('another secret of 32 characters..')).not.toBe(key)
  expect(Buffer.from(key ?? '', 'base64')).toHaveLength(32)
  expect(serverActionsKey(undefined)).toBeUndefined()
})

test('the build is given that key', async () => {
  write(
    'node_modules/next/dist/bin/next',
    `require('fs').writeFileSync('key', process.env.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY ?? '')`,
  )
  vi.stubEnv('TWIG_GATEWAY_SECRET', 'a secret of 32 characters or more')
  await ensureBuild(root, { say: () => {}, signal: new AbortController().signal })
  expect(readFileSync(join(root, 'key'), 'utf8')).toBe(serverActionsKey('a secret of 32 characters or more'))
  vi.unstubAllEnvs()
})
