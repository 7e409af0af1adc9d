import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './configuration'
import { migrate, pendingChanges, readMigrations } from './migrate'

const base = process.env.DATABASE_URL ?? ''
const name = `migrate_${process.pid}`
const databaseUrl = base.replace(/[^/]+$/, name)

async function query<T extends pg.QueryResultRow>(connectionString: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return await client
    .query<T>(text)
    .then((result) => result.rows)
    .finally(() => client.end())
}

beforeAll(async () => {
  await query(base, `create database ${name}`)
})
afterAll(async () => {
  await query(base, `drop database ${name} with (force)`)
})

test('two processes that migrate an empty database at once apply each migration exactly once between them', async () => {
  const applied = (await Promise.all([migrate(databaseUrl), migrate(databaseUrl)])).flat()
  expect(applied.sort()).toEqual(readMigrations().map((migration) => migration.name))
})

test('a second run applies nothing', async () => {
  expect(await migrate(databaseUrl)).toEqual([])
})

test('the records are those of prisma migrate deploy: name, SHA-256 of the file, one step, finished', async () => {
  const rows = await query<{
    migration_name: string
    checksum: string
    applied_steps_count: number
    done: boolean
  }>(
    databaseUrl,
    `select migration_name, checksum, applied_steps_count, finished_at is not null as done
     from _prisma_migrations order by migration_name`,
  )
  const expected = readMigrations().map(({ name: migration_name }) => {
    const file = readFileSync(join(root, 'prisma/migrations', migration_name, 'migration.sql'))
    const checksum = createHash('sha256').update(file).digest('hex')
    return { migration_name, checksum, applied_steps_count: 1, done: true }
  })
  expect(rows).toEqual(expected)
})

test('the migrations make exactly what schema.prisma says', async () => {
  expect(await pendingChanges(databaseUrl)).toBe('')
})

test('comparing leaves no database behind', async () => {
  const rows = await query<{ datname: string }>(
    base,
    `select datname from pg_database where datname like 'twig_shadow%'`,
  )
  expect(rows).toEqual([])
})

test('a database that does not answer is named without its password', async () => {
  const failure = await migrate('postgresql://twig:hunter2hunter2@127.0.0.1:1/nowhere').catch(
    (error: unknown) => error,
  )
  expect(String(failure)).toContain('127.0.0.1:1/nowhere')
  expect(String(failure)).not.toContain('hunter2')
})
