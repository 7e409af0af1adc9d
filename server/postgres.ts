import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { processStart } from './lock.mjs'
import { freePort } from './port'
import { findPostgresHome, type PostgresHome } from './postgres-home'
import { Problem } from './problem.mjs'

const DATABASE = 'twig'
const USER = 'twig'
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000
const ATTEMPTS = 5
const KEPT_LOG_LINES = 20

export interface EmbeddedPostgres {
  url: string
  port: number
  /** Ends it cleanly and returns when it is gone. */
  close: () => Promise<void>
}

interface StartOptions {
  dataDir: string
  password: string
  say: (line: string) => void
  /** Told in a sentence when Postgres ends without having been asked to. */
  onCrash: (sentence: string) => void
}

/** The address of the database on a port, as DATABASE_URL has it. */
export function postgresUrl(port: number, password: string, database = DATABASE): string {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/${database}`
}

function spawnQuietly(home: PostgresHome, program: string, args: string[]) {
  const { PATH, TMPDIR } = process.env
  return spawn(join(home.programs, program), args, {
    ...home.account,
    cwd: '/',
    env: { NODE_ENV: 'production', PATH, TMPDIR, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A Ctrl-C in the terminal goes to the whole foreground group; Postgres must outlast the answers that still need it.
    detached: true,
  })
}

/** Keeps the last lines that a program says, for the case that it fails. */
function keepLog(child: ChildProcess): () => string {
  let kept = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    kept = (kept + chunk).split('\n').slice(-KEPT_LOG_LINES).join('\n')
  })
  return () => kept.trim()
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(`${child.exitCode ?? child.signalCode}`)
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(code === null ? `signal ${signal}` : `code ${code}`))
  })
}

/**
 * Makes the cluster aside and moves it into place when it is whole, so that a crash in between leaves nothing behind
 * that looks like a database.
 */
async function initialise(home: PostgresHome, password: string): Promise<void> {
  const { dataFolder, account } = home
  const parent = dirname(dataFolder)
  if (existsSync(join(dataFolder, 'PG_VERSION'))) return
  if (existsSync(dataFolder)) {
    if (readdirSync(dataFolder).length > 0) {
      throw new Problem(`${dataFolder} is not empty and not a PostgreSQL database; move it away.`)
    }
    rmdirSync(dataFolder)
  }
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent)) {
    if (name.startsWith('postgres.new-')) rmSync(join(parent, name), { recursive: true, force: true })
  }
  const draft = join(parent, `postgres.new-${randomBytes(6).toString('hex')}`)
  const passwordFile = join(draft, 'password')
  const cluster = join(draft, 'cluster')
  mkdirSync(draft, { mode: 0o700 })
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (account) for (const path of [draft, passwordFile]) chownSync(path, account.uid, account.gid)
  try {
    const child = spawnQuietly(home, 'initdb', [
      `--pgdata=${cluster}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ])
    const log = keepLog(child)
    const end = await ended(child)
    if (end !== 'code 0') throw new Problem(`PostgreSQL could not make its database (${end}): ${log()}`)
    renameSync(cluster, dataFolder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function postmasterPid(dataFolder: string): number | undefined {
  const file = join(dataFolder, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const [pid] = readFileSync(file, 'utf8').split('\n')
  return Number(pid) || undefined
}

/** Whether a process is the Postgres of this folder, rather than another that got the number of a dead one. */
function servesFolder(pid: number, dataFolder: string): boolean {
  if (processStart(pid) === undefined) return false
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataFolder)
  } catch {
    // No /proc here: believe the file; ending an unrelated process of ours is less likely than an orphan.
    return process.platform !== 'linux'
  }
}

/** Ends a Postgres whose Twig died without ending it. The caller holds the data folder, so no living Twig owns it. */
async function stopOrphan(dataFolder: string): Promise<void> {
  const pid = postmasterPid(dataFolder)
  if (pid === undefined) return
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!servesFolder(pid, dataFolder)) break
    process.kill(pid, signal)
    const deadline = Date.now() + STOP_TIMEOUT_MS
    while (servesFolder(pid, dataFolder) && Date.now() < deadline) await sleep(50)
  }
  rmSync(join(dataFolder, 'postmaster.pid'), { force: true })
}

/** Ends Postgres soon after this process vanishes, however it vanishes: the pipe to the watcher closes with it. */
function watch(home: PostgresHome, pid: number): ChildProcess {
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$0"', String(pid)], {
    ...home.account,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.on('error', () => {})
  watcher.unref()
  return watcher
}

async function launch(home: PostgresHome, port: number) {
  const child = spawnQuietly(home, 'postgres', [
    '-D',
    home.dataFolder,
    '-p',
    String(port),
    ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=300'],
  ])
  const log = keepLog(child)
  const end = ended(child)
  let outcome: string | undefined
  void end.then((how) => {
    outcome = how
  })
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!log().includes('database system is ready to accept connections')) {
    if (outcome !== undefined || Date.now() > deadline) {
      child.kill('SIGQUIT')
      return { failure: `${outcome ?? 'no answer within a minute'}: ${log()}` }
    }
    await sleep(20)
  }
  return { child, log, end }
}

/** Creates Twig's database in the cluster on the first start. */
async function ensureDatabase(home: PostgresHome, port: number, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl(port, password, 'postgres') })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
    if (!rowCount) await client.query(`create database ${DATABASE}`)
  } catch (error) {
    const isRefused = error instanceof pg.DatabaseError && error.code === '28P01'
    if (!isRefused) throw error
    throw new Problem(
      `The database in ${home.dataFolder} does not belong to the secrets.json beside it; restore the two together.`,
    )
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * Starts the embedded Postgres of a data folder on a random loopback port, making it on the first start. The caller
 * must hold the data folder.
 * @throws Problem when it cannot be made or started
 */
export async function startPostgres({
  dataDir,
  password,
  say,
  onCrash,
}: StartOptions): Promise<EmbeddedPostgres> {
  const home = findPostgresHome(dataDir, say)
  if (!existsSync(home.dataFolder)) say('Making the database …')
  await initialise(home, password)
  await stopOrphan(home.dataFolder)
  let failure = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const port = await freePort()
    const started = await launch(home, port)
    if (started.failure !== undefined) {
      failure = started.failure
      // Another program took the port in between, or the memory of a killed Postgres is not released yet.
      await sleep(attempt * 500)
      continue
    }
    return await supervise(home, started, port, password, onCrash)
  }
  throw new Problem(`PostgreSQL in ${home.dataFolder} does not start (${failure})`)
}

async function supervise(
  home: PostgresHome,
  { child, log, end }: { child: ChildProcess; log: () => string; end: Promise<string> },
  port: number,
  password: string,
  onCrash: (sentence: string) => void,
): Promise<EmbeddedPostgres> {
  const watcher = watch(home, child.pid ?? 0)
  let isClosing = false
  void end.then((how) => {
    watcher.kill('SIGKILL')
    if (!isClosing) onCrash(`PostgreSQL ended unexpectedly (${how}): ${log().split('\n').at(-1) ?? ''}`)
  })
  const close = async () => {
    isClosing = true
    watcher.kill('SIGKILL')
    child.kill('SIGINT')
    const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS)
    await end
    clearTimeout(timer)
  }
  try {
    await ensureDatabase(home, port, password)
  } catch (error) {
    await close()
    throw error
  }
  return { url: postgresUrl(port, password), port, close }
}
