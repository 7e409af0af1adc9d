import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../../lib/env/testing/environment'
import { closeDb } from '../../lib/store/db'
import { migrate } from '../../server/migrate'
import { type Answer, askAll } from './ask'
import { explainEverything, listenToPlans } from './plans'
import { isWrong } from './report'
import { type Size, seed } from './seed'

/** Enough that an index that is missing costs more rows than any path may read. */
const SIZE: Size = { organizations: 2_000, people: 2_000, keys: 2_000, rows: 20_000 }
const base = process.env.DATABASE_URL ?? ''
const name = `hot_paths_${process.pid}`
const databaseUrl = base.replace(/[^/]+$/, name)

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: base })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

describe('of twenty thousand rows', () => {
  let answers: Answer[]
  beforeAll(async () => {
    await administer(`create database ${name}`)
    await migrate(databaseUrl)
    await seed(databaseUrl, SIZE)
    await explainEverything(databaseUrl)
    listenToPlans()
    await closeDb()
    setEnvironment({ DATABASE_URL: databaseUrl })
    answers = await askAll(SIZE.rows)
  }, 120_000)
  afterAll(async () => {
    await closeDb()
    restoreEnvironment()
    await administer(`drop database ${name} with (force)`)
  })

  test('every path that somebody waits for reads what it shows, and finds it by an index', () => {
    const wrong = answers.filter(isWrong).map(({ question, rowsRead, failure, statements }) => ({
      path: question.name,
      mayRead: question.rowsMax,
      rowsRead,
      failure,
      scans: statements.flatMap(({ scans }) => scans),
    }))
    expect(wrong).toEqual([])
    // Postgres told of the statements, those of triggers among them.
    const statements = answers.flatMap((answer) => answer.statements)
    expect(statements.length).toBeGreaterThan(200)
    expect(statements.some(({ sql }) => sql.includes('audit_heads'))).toBe(true)
  })
})
