import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresUrl } from '../server/postgres'
import { serverUnderTest } from './fixtures'
import { freePort, ROOT, said } from './servers'

const NO_MIDDLEWARE = { version: 3, middleware: {}, sortedMiddleware: [], functions: {} }

/** A server action as the build registered it. */
export interface BuiltAction {
  id: string
  name: string
  page: string
}

/** The actions of the build under test. */
export function builtActions(): BuiltAction[] {
  const manifest = JSON.parse(
    readFileSync(join(ROOT, '.next/server/server-reference-manifest.json'), 'utf8'),
  ) as {
    node: Record<string, { exportedName: string; workers: Record<string, unknown> }>
  }
  return Object.entries(manifest.node).flatMap(([id, { exportedName, workers }]) =>
    Object.keys(workers).map((page) => ({ id, name: exportedName, page })),
  )
}

/**
 * The very build under test, on the same database and Redis, served by `next start` with the middleware taken out of its
 * manifest: what a bug in the framework or a lost matcher would leave.
 */
export async function startWithoutMiddleware(): Promise<{ url: string; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'twig-bypassed-'))
  cpSync(join(ROOT, '.next'), join(folder, '.next'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !source.includes(join('.next', 'cache')),
  })
  writeFileSync(join(folder, '.next/server/middleware-manifest.json'), JSON.stringify(NO_MIDDLEWARE))
  for (const name of ['node_modules', 'package.json', 'public'])
    symlinkSync(join(ROOT, name), join(folder, name))
  const { run, secrets, dataDir } = serverUnderTest()
  const { postgresPassword = '', ...own } = secrets()
  const { postgresPort, redis } = run()
  const port = await freePort()
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/next/dist/bin/next'), 'start', '-p', String(port)],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...own,
        NODE_ENV: 'production',
        TWIG_DATA_DIR: dataDir,
        DATABASE_URL: postgresUrl(postgresPort, postgresPassword),
        UPSTASH_REDIS_REST_URL: redis.url,
        UPSTASH_REDIS_REST_TOKEN: redis.token,
        TWIG_SERVER: '1',
        PORT: String(port),
        NEXT_TELEMETRY_DISABLED: '1',
      },
    },
  )
  await said(child, 'Ready in')
  return {
    url: `http://localhost:${port}`,
    close() {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
