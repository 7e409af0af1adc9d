import pg from 'pg'
import { bareCause } from '../../lib/store/background'
import { readMigrations } from '../../server/migrate'
import { type ClockReading, readClock } from './clocks'
import { type Finding, ok, problem, warning } from './finding'

const TIMEOUT_MS = 5_000
/** Older ones get no security fixes. */
const LEAST_MAJOR = 14

interface AppliedMigration {
  name: string
  checksum: string
  isFinished: boolean
}

/** Compares what a database records of its migrations with those of this copy of Twig. */
export function judgeMigrations(
  onDisk: ReadonlyArray<{ name: string; checksum: string }>,
  applied: readonly AppliedMigration[],
  serverRuns: boolean,
): Finding {
  const check = 'migrations'
  const failed = applied.find(({ isFinished }) => !isFinished)
  if (failed) {
    const forget = `update _prisma_migrations set rolled_back_at = now() where migration_name = '${failed.name}' and finished_at is null;`
    const fix = `Find the cause in the database's log and mend it. Then have psql run: ${forget} The next npm start tries again.`
    return problem(check, `The migration ${failed.name} has begun and not ended.`, fix)
  }
  const records = new Map(applied.map(({ name, checksum }) => [name, checksum]))
  const missing = onDisk.filter(({ name }) => !records.has(name))
  if (missing.length > 0) {
    const detail = `Not applied yet: ${missing.map(({ name }) => name).join(', ')}.`
    return serverRuns
      ? problem(check, detail, 'Stop Twig and start it again: it applies them.')
      : warning(check, detail, 'The next npm start applies them.')
  }
  const changed = onDisk.find(({ name, checksum }) => records.get(name) !== checksum)
  if (changed) {
    return problem(
      check,
      `The migration ${changed.name} is not the one that was applied.`,
      'Bring prisma/migrations back to a released version; a change of the schema is a migration of its own.',
    )
  }
  const unknown = applied.length - onDisk.length
  if (unknown > 0) {
    const detail = `The database has migrations that this copy does not know (${unknown}): it belongs to a newer Twig.`
    return warning(check, detail, 'Update this copy.')
  }
  return ok(check, `The tables are those of this copy (migrations applied: ${onDisk.length}).`)
}

async function readApplied(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('_prisma_migrations') is not null as exists`,
  )
  if (!rows[0]?.exists) return []
  const records = await client.query<AppliedMigration>(
    `select migration_name as name, checksum, finished_at is not null as "isFinished"
     from _prisma_migrations where rolled_back_at is null`,
  )
  return records.rows
}

function judgeVersion(version: string, where: string): Finding {
  const major = Number.parseInt(version, 10)
  const detail = `PostgreSQL ${version.split(' ')[0]} answers (${where}).`
  if (major >= LEAST_MAJOR) return ok('postgres', detail)
  return warning('postgres', `${detail} It gets no security fixes any more.`, 'Update PostgreSQL.')
}

const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'Correct user and password in DATABASE_URL.',
  '28000': 'Allow this machine and user in pg_hba.conf, with sslmode in DATABASE_URL where TLS is demanded.',
  '3D000': 'Create the database that DATABASE_URL names.',
  ENOTFOUND: 'Correct the host in DATABASE_URL.',
  ECONNREFUSED: 'Start PostgreSQL, or correct host and port in DATABASE_URL.',
}

/** Whether Postgres answers, which version it is, whether its tables are those of this copy, and what time it has. */
export async function checkPostgres(
  databaseUrl: string,
  options: { isEmbedded: boolean; serverRuns: boolean },
): Promise<{ findings: Finding[]; clock: ClockReading | undefined }> {
  const { host } = new URL(databaseUrl)
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const version = await client.query<{ server_version: string }>('show server_version')
    const where = options.isEmbedded ? `embedded, ${host}` : host
    const clock = await readClock('PostgreSQL', async () => {
      const { rows } = await client.query<{ ms: number }>(
        'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
      )
      return rows[0]?.ms ?? Number.NaN
    })
    const migrations = judgeMigrations(readMigrations(), await readApplied(client), options.serverRuns)
    return { findings: [judgeVersion(version.rows[0]?.server_version ?? '', where), migrations], clock }
  } catch (error) {
    const cause = bareCause(error)
    const fix = HINTS[cause] ?? 'Check that PostgreSQL runs and that DATABASE_URL is right.'
    return {
      findings: [problem('postgres', `PostgreSQL at ${host} cannot be used (${cause}).`, fix)],
      clock: undefined,
    }
  } finally {
    await client.end().catch(() => {})
  }
}
