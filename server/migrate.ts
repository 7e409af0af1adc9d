import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MigrationList } from '@prisma/schema-engine-wasm'
import pg from 'pg'
import { Problem } from './problem.mjs'
import { withSchemaEngine } from './schema-engine'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const SCHEMA_FILE = join(root, 'prisma/schema.prisma')
const MIGRATIONS = join(root, 'prisma/migrations')
/** What Prisma wants beside the migrations, to tell which database they are for. */
const LOCK_FILE = 'provider = "postgresql"\n'
const NO_FILTERS = { externalTables: [], externalEnums: [] }
/** Any number that nobody else uses: “twig” in ASCII. */
const ADVISORY_LOCK = 0x74776967
const CONNECT_TIMEOUT_MS = 10_000

function schemaText(): string {
  return readFileSync(SCHEMA_FILE, 'utf8')
}

function schemaFiles() {
  return { files: [{ path: 'schema.prisma', content: schemaText() }] }
}

interface MigrationOnDisk {
  name: string
  sql: string
  /** As Prisma records it: SHA-256 of the file, in hex. */
  checksum: string
}

/** The migrations of a folder in the order in which they apply. */
export function readMigrations(folder = MIGRATIONS): MigrationOnDisk[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  )
  return names.sort().map((name) => {
    const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8')
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
  })
}

function migrationList(): MigrationList {
  return {
    baseDir: MIGRATIONS,
    lockfile: { path: 'migration_lock.toml', content: LOCK_FILE },
    shadowDbInitScript: '',
    migrationDirectories: readMigrations().map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  }
}

async function isUpToDate(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('_prisma_migrations') is not null as exists`,
  )
  if (!rows[0]?.exists) return false
  const applied = await client.query<{ migration_name: string; checksum: string }>(
    'select migration_name, checksum from _prisma_migrations where finished_at is not null and rolled_back_at is null',
  )
  const unfinished = await client.query(
    'select 1 from _prisma_migrations where finished_at is null and rolled_back_at is null',
  )
  const checksums = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]))
  return (
    !unfinished.rowCount && readMigrations().every(({ name, checksum }) => checksums.get(name) === checksum)
  )
}

/** host:port/database of an address, without its credentials. */
function place(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}

/** Any time that nobody else sets for statements. */
const PROBE_MS = 86_399_000

/**
 * A connection on which settings and locks outlive a transaction, as migrations and SAML need it. Throws Problem where there
 * is none to be had, which includes a pooler in transaction mode.
 */
async function connectForGood(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: PROBE_MS,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ ms: number }>(
      `select extract(epoch from current_setting('statement_timeout')::interval)::float8 * 1000 as ms`,
    )
    // What PgBouncer says, or keeps to itself where it was told to ignore what it does not know.
    if (rows[0]?.ms !== PROBE_MS) throw new Error('unsupported startup parameter')
    await client.query('set statement_timeout = 0')
    return client
  } catch (error) {
    await client.end().catch(() => {})
    const reason = error instanceof Error ? error.message || ('code' in error ? String(error.code) : '') : ''
    throw new Problem(
      reason.includes('unsupported startup parameter')
        ? `${place(databaseUrl)} is a pooler, not PostgreSQL. Set DATABASE_DIRECT_URL to the address of PostgreSQL itself.`
        : `PostgreSQL at ${place(databaseUrl)} cannot be used: ${reason}`,
      { cause: error },
    )
  }
}

/**
 * Applies the migrations that a database lacks, as `prisma migrate deploy` would, leaving the same records. Several
 * processes may call it at once; one does the work.
 * @returns the names of those it applied, none when the database was up to date
 * @throws Problem when the database cannot be reached, is behind a pooler, or a migration fails
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const client = await connectForGood(databaseUrl)
  try {
    if (await isUpToDate(client)) return []
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCK])
    const { appliedMigrationNames } = await withSchemaEngine(databaseUrl, schemaText(), (engine) =>
      engine.applyMigrations({ migrationsList: migrationList(), filters: NO_FILTERS }),
    )
    return appliedMigrationNames
  } catch (error) {
    throw new Problem(`The database ${place(databaseUrl)} could not be migrated: ${engineMessage(error)}`, {
      cause: error,
    })
  } finally {
    await client.end()
  }
}

function engineMessage(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error)
}

/** The SQL that leads from what the migrations make to what schema.prisma says; empty when they agree. */
export async function pendingChanges(databaseUrl: string): Promise<string> {
  const { stdout } = await withSchemaEngine(databaseUrl, schemaText(), (engine) =>
    engine.diff({
      from: { tag: 'migrations', ...migrationList() },
      to: { tag: 'schemaDatamodel', ...schemaFiles() },
      script: true,
      exitCode: null,
      filters: NO_FILTERS,
    }),
  )
  return stdout?.trim() === '-- This is an empty migration.' ? '' : (stdout ?? '')
}

/**
 * Writes a migration for what changed in schema.prisma since the last one.
 * @param databaseUrl a server on which a database may be created and dropped for the comparison
 * @param name        lower-case words with underscores between
 * @param time        gives the folder its number
 * @returns the folder, or undefined when nothing changed
 */
export async function createMigration(
  databaseUrl: string,
  name: string,
  time: Date,
): Promise<string | undefined> {
  if (!/^[a-z0-9_]+$/.test(name))
    throw new Problem('A migration’s name is lower-case words with underscores between.')
  const sql = await pendingChanges(databaseUrl)
  if (sql === '') return undefined
  const folder = join(MIGRATIONS, `${time.toISOString().replace(/\D/g, '').slice(0, 14)}_${name}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'migration.sql'), sql)
  writeFileSync(join(MIGRATIONS, 'migration_lock.toml'), LOCK_FILE)
  return folder
}
