import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate, readMigrations } from '../../server/migrate'
import { checkPostgres } from './postgres'

const base = process.env.DATABASE_URL ?? ''
const name = `doctor_${process.pid}`
const databaseUrl = base.replace(/[^/]+$/, name)

async function run(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

beforeAll(() => run(base, `create database ${name}`))
afterAll(() => run(base, `drop database ${name} with (force)`))

test('a migration that failed is applied once its cause is gone and what doctor says has been run', async () => {
  await run(databaseUrl, `create type scope as enum ('in the way')`)
  await expect(migrate(databaseUrl)).rejects.toThrow('could not be migrated')
  const { findings } = await checkPostgres(databaseUrl, { isEmbedded: false, serverRuns: false })
  const finding = findings.find(({ check }) => check === 'migrations')
  expect(finding).toMatchObject({ status: 'problem' })
  const [sql = ''] = /update .*?;/.exec(finding?.fix ?? '') ?? []

  await run(databaseUrl, 'drop type scope')
  await expect(migrate(databaseUrl)).rejects.toThrow('could not be migrated')
  await run(databaseUrl, sql)
  expect(await migrate(databaseUrl)).toEqual(readMigrations().map((migration) => migration.name))
})
