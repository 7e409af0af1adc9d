import pg from 'pg'
import { expect, test } from 'vitest'
import { tenant } from '../domain/testing/tenants'
import { nodeEnv } from '../env/node'
import { db, inTransaction, isDatabaseOutage } from './db'

test('a statement that Postgres ends because it waits too long for a lock counts as an outage, however it was asked', async () => {
  const { id } = (await tenant()).organization
  const holder = new pg.Client({ connectionString: nodeEnv().databaseUrl })
  await holder.connect()
  await holder.query('begin')
  await holder.query('select 1 from organizations where id = $1 for update', [id])
  const data = { policyVersion: { increment: 1 } }
  const questions = {
    'a change': () => db().organization.update({ where: { id }, data }),
    'a change in a transaction': () => inTransaction((tx) => tx.organization.update({ where: { id }, data })),
    'a raw query': () => db().$queryRaw`select 1 from organizations where id = ${id} for update`,
  }
  try {
    const errors = await Promise.all(
      Object.entries(questions).map(async ([what, ask]) => {
        const error: unknown = await ask().then(
          () => null,
          (reason: unknown) => reason,
        )
        return [what, isDatabaseOutage(error), String(error)]
      }),
    )
    for (const [what, isOutage, text] of errors) expect([what, isOutage, text]).toEqual([what, true, text])
  } finally {
    await holder.end()
  }
})
