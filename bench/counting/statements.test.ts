import { expect, test } from 'vitest'
import { countStatements } from './statements'

const select = 'SELECT "public"."organizations"."id" FROM "public"."organizations"'
const poll = 'SELECT 1 FROM "public"."cache_notices"'
const usage = 'INSERT INTO "public"."usage_minutes" VALUES ($1)'

test('a transaction that records usage counts as such with all its statements, mixed with others or not', () => {
  const sent = [
    { connection: 1, sql: 'BEGIN' },
    { connection: 2, sql: select },
    { connection: 1, sql: 'UPDATE "public"."api_keys" SET "last_used_at" = $1' },
    { connection: 2, sql: poll },
    { connection: 1, sql: usage },
    { connection: 1, sql: 'COMMIT' },
    { connection: 1, sql: select },
  ]
  const { byText, ...counts } = countStatements(sent, new Set([poll]))
  expect(counts).toEqual({ all: 7, usage: 4, background: 1, other: 2 })
  expect(byText[select]).toBe(2)
})

test('setting when keys were last used counts as usage by itself, another change of a key does not', () => {
  const sent = ['UPDATE api_keys SET last_used_at = $1', 'UPDATE api_keys SET name = $1']
  const counts = countStatements(
    sent.map((sql) => ({ connection: 1, sql })),
    new Set(),
  )
  expect(counts).toMatchObject({ usage: 1, other: 1 })
})

test('a transaction of a request is no background because its BEGIN is also sent by an idle process', () => {
  const sent = [
    { connection: 1, sql: 'BEGIN' },
    { connection: 1, sql: select },
    { connection: 1, sql: 'ROLLBACK TO SAVEPOINT a' },
    { connection: 1, sql: usage },
    { connection: 1, sql: 'ROLLBACK' },
  ]
  expect(countStatements(sent, new Set(['BEGIN']))).toMatchObject({ usage: 5, background: 0 })
  expect(countStatements(sent.slice(0, 2), new Set(['BEGIN', 'COMMIT']))).toMatchObject({ other: 2 })
})
