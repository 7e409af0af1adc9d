import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from './port'

/** Where PgBouncer lies; Debian keeps it in a folder that is not on everybody's PATH. Undefined when there is none. */
export const pgBouncerPath = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  .map((folder) => join(folder, 'pgbouncer'))
  .find((path) => existsSync(path))

/** Says on stderr, in one line, which checks a machine without PgBouncer leaves out. */
export function reportWithoutPgBouncer(checks: string): void {
  if (!pgBouncerPath) process.stderr.write(`left out: ${checks} (no pgbouncer)\n`)
}

interface PgBouncerOptions {
  /** Of Postgres itself. */
  databaseUrl: string
  /** Connections to Postgres, at most. */
  poolSize: number
  /** Lines of the section [pgbouncer] beyond what every one needs. */
  settings?: string[]
}

/** A PgBouncer in transaction mode, for tests: each transaction may get another connection to Postgres. */
export interface PgBouncer {
  /** What DATABASE_URL is with it. */
  url: string
  close: () => Promise<void>
}

async function ready(child: ChildProcess): Promise<void> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk) => {
      log += chunk
      if (log.includes('process up')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`pgbouncer ended before it was ready: ${log}`)))
  })
}

/** Starts PgBouncer on a free port and resolves when it accepts connections. Throws with its log. */
export async function startPgBouncer({
  databaseUrl,
  poolSize,
  settings = [],
}: PgBouncerOptions): Promise<PgBouncer> {
  const target = new URL(databaseUrl)
  const url = new URL(databaseUrl)
  url.port = String(await freePort())
  const folder = await mkdtemp(join(tmpdir(), 'twig-pgbouncer-'))
  const file = join(folder, 'pgbouncer.ini')
  const server = `host=${target.hostname} port=${target.port} user=${target.username} password=${target.password}`
  const lines = [
    '[databases]',
    `* = ${server}`,
    '[pgbouncer]',
    'pool_mode = transaction',
    'listen_addr = 127.0.0.1',
    `listen_port = ${url.port}`,
    'unix_socket_dir =',
    'auth_type = any',
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 500',
    // As root it refuses to run.
    ...(process.getuid?.() === 0 ? ['user = nobody'] : []),
    ...settings,
  ]
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  const child = spawn(pgBouncerPath ?? 'pgbouncer', [file], { stdio: ['ignore', 'ignore', 'pipe'] })
  process.once('exit', () => child.kill('SIGKILL'))
  await ready(child)
  return {
    url: url.href,
    async close() {
      if (child.exitCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}
