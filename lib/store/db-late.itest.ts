import { afterAll, beforeAll, expect, test } from 'vitest'
import { tenant } from '../domain/testing/tenants'
import { nodeEnv } from '../env/node'
import { setEnvironment } from '../env/testing/environment'
import { closeDb, db, inTransaction, isDatabaseOutage } from './db'
import { type DatabaseProxy, startDatabaseProxy } from './testing/database-proxy'

const POOL_SIZE = 10

let proxy: DatabaseProxy
beforeAll(async () => {
  proxy = await startDatabaseProxy(nodeEnv().databaseUrl)
  setEnvironment({ DATABASE_URL: proxy.url })
  await closeDb()
})
afterAll(async () => {
  proxy.hold(false)
  await closeDb()
  await proxy.close()
})

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  )
/** A promise that is kept once the function was called so often. */
function countdown(count: number): [Promise<void>, () => void] {
  let left = count
  let keep = () => {}
  const kept = new Promise<void>((resolve) => {
    keep = resolve
  })
  return [
    kept,
    () => {
      left -= 1
      if (left === 0) keep()
    },
  ]
}
/** As many as take every connection of the pool, and some that wait for one. */
const several = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: POOL_SIZE + 2 }, ask))

test('nothing of a transaction that was given up is committed by whoever gets its connection next', async () => {
  const { id, name } = (await tenant()).organization
  const rename = (name: string) => ({ where: { id }, data: { name } })
  const failure = await failureOf(
    inTransaction(async (tx) => {
      await tx.organization.update(rename('Half'))
      proxy.hold(true)
      await tx.organization.update(rename('The other half'))
    }),
  )
  expect([isDatabaseOutage(failure), String(failure)]).toEqual([true, String(failure)])
  proxy.hold(false)
  await several(() => inTransaction((tx) => tx.organization.count()))
  expect(await db().organization.findUnique({ where: { id } })).toMatchObject({ name })
})

test('transactions end although Postgres falls silent between a failure and the next statement, and their connections are replaced', async () => {
  const [allBegun, begin] = countdown(POOL_SIZE)
  const failures = await Promise.all(
    Array.from({ length: POOL_SIZE }, () =>
      failureOf(
        inTransaction(async (tx) => {
          begin()
          await allBegun
          proxy.losesReady = true
          await tx.$queryRaw`select 1 / 0`
        }),
      ),
    ),
  )
  for (const failure of failures) expect(String(failure)).toContain('division by zero')
  proxy.losesReady = false
  await several(() => inTransaction((tx) => tx.organization.count()))
})

test('connections that are refused, or never answered, take no place from those after them', async () => {
  await closeDb()
  await proxy.close()
  for (const failure of await several(() => failureOf(db().organization.count()))) {
    expect(isDatabaseOutage(failure)).toBe(true)
  }
  await proxy.open()
  proxy.hold(true)
  for (const failure of await several(() => failureOf(db().organization.count()))) {
    expect(isDatabaseOutage(failure)).toBe(true)
  }
  proxy.hold(false)
  await several(() => inTransaction((tx) => tx.organization.count()))
})

test('work that takes longer than a transaction may is undone', async () => {
  const { id, name } = (await tenant()).organization
  const failure = await failureOf(
    inTransaction(async (tx) => {
      await tx.organization.update({ where: { id }, data: { name: 'Too slow' } })
      await new Promise(() => {})
    }),
  )
  expect([isDatabaseOutage(failure), String(failure)]).toEqual([true, String(failure)])
  expect(await db().organization.findUnique({ where: { id } })).toMatchObject({ name })
})

test.each([
  ['a statement', () => db().organization.count()],
  ['a transaction', () => inTransaction((tx) => tx.organization.count())],
])('%s that waits in vain for a connection is told of an outage, and takes none away', async (_, ask) => {
  const [allBegun, begin] = countdown(POOL_SIZE)
  const [finished, finish] = countdown(1)
  const holders = Array.from({ length: POOL_SIZE }, () =>
    inTransaction(async () => {
      begin()
      await finished
    }),
  )
  await allBegun
  const failures = await several(() => failureOf(ask()))
  for (const failure of failures)
    expect([isDatabaseOutage(failure), String(failure)]).toEqual([true, String(failure)])
  finish()
  await Promise.all(holders)
  await several(ask)
})
