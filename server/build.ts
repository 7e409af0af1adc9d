import { spawn } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withLock } from './lock.mjs'
import { Problem } from './problem.mjs'

/** What a build is made of; anything else may change without one. tsconfig.json is rewritten by the build itself. */
const SOURCES = [
  'app',
  'lib',
  'middleware.ts',
  'next.config.ts',
  'package-lock.json',
  'postcss.config.mjs',
  'prisma/schema.prisma',
]
const NOT_BUILT = /\.i?test\.tsx?$|^lib\/generated\/|\/testing\//

function* files(root: string, path: string): Generator<string> {
  const full = join(root, path)
  if (!existsSync(full) || NOT_BUILT.test(path)) return
  if (!statSync(full).isDirectory()) yield path
  else for (const name of readdirSync(full).sort()) yield* files(root, `${path}/${name}`)
}

/** A digest of everything that decides what the build comes to, the version of Node.js included. */
export function sourceDigest(root: string): string {
  const hash = createHash('sha256').update(process.versions.modules)
  for (const source of SOURCES) {
    for (const path of files(root, source)) hash.update(`\0${path}\0`).update(readFileSync(join(root, path)))
  }
  return hash.digest('hex')
}

/**
 * Names and seals what Next's server actions are called by. Machines that build for themselves must come to the same, or a
 * form of one is unknown to the others; Next alone draws lots. Undefined, for lots, where there is no secret yet.
 * @param gatewaySecret equal on all machines of a Twig
 * @returns 32 bytes in base64
 */
export function serverActionsKey(gatewaySecret: string | undefined): string | undefined {
  if (!gatewaySecret) return undefined
  return createHmac('sha256', gatewaySecret).update('twig:server actions').digest('base64')
}

function nextBuild(root: string, signal: AbortSignal): Promise<void> {
  const args = [join(root, 'node_modules/next/dist/bin/next'), 'build']
  const actionsKey = serverActionsKey(process.env.TWIG_GATEWAY_SECRET)
  const env = {
    ...process.env,
    NODE_ENV: 'production' as const,
    NEXT_TELEMETRY_DISABLED: '1',
    ...(actionsKey && { NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: actionsKey }),
  }
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk))
  const stop = () => void child.kill()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop)
      if (code === 0) resolve()
      else if (signal.aborted) reject(new Problem('Stopped while building.'))
      else reject(new Problem(`${Buffer.concat(output).toString('utf8').trim()}\nThe build failed.`))
    })
  })
}

interface BuildOptions {
  say: (line: string) => void
  /** Ends a build that is under way. */
  signal: AbortSignal
}

/**
 * Builds the pages unless the build there is of these very sources. Several starts in one folder take turns.
 * @throws Problem with the build's own output when it fails
 */
export async function ensureBuild(root: string, { say, signal }: BuildOptions): Promise<void> {
  const stampFile = join(root, '.next/twig.stamp')
  const isFresh = (digest: string) => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest
  if (isFresh(sourceDigest(root))) return
  await withLock(
    join(root, '.cache/build.lock'),
    async () => {
      const digest = sourceDigest(root)
      if (isFresh(digest)) return
      say('Building …')
      rmSync(stampFile, { force: true })
      await nextBuild(root, signal)
      mkdirSync(dirname(stampFile), { recursive: true })
      writeFileSync(stampFile, digest)
    },
    (holder) => say(`Waiting for the build of process ${holder.pid} …`),
  )
}
