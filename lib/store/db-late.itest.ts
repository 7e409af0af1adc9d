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

test('who waits in vain for a connection is told of an outage, and takes none away', async () => {
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  let begun = 0
  const holders = Array.from({ length: POOL_SIZE }, () =>
    inTransaction(async () => {
      begun += 1
      await finished
    }),
  )
  await expect.poll(() => begun).toBe(POOL_SIZE)
  for (const ask of [() => db().organization.count(), () => inTransaction((tx) => tx.organization.count())]) {
    const failures = await several(() => failureOf(ask()))
    for (const failure of failures)
      expect([isDatabaseOutage(failure), String(failure)]).toEqual([true, String(failure)])
  }
  finish()
  await Promise.all(holders)
  await several(() => inTransaction((tx) => tx.organization.count()))
})
