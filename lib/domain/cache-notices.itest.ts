import { afterEach, expect, test, vi } from 'vitest'
import { closedPort } from '../edge/testing/faulty-redis'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db, inTransaction } from '../store/db'
import { deliver, deliverPending, noteChange } from './cache-notices'
import { organizationLimits } from './organization-limits'
import { setLimit } from './plans'
import { tenant } from './testing/tenants'

const shared = globalThis as unknown as { twigCache?: unknown }

/** Lets the next use of Redis connect anew, to wherever the environment says it is. */
async function redisAway(isAway: boolean): Promise<void> {
  if (isAway) setEnvironment({ UPSTASH_REDIS_REST_URL: await closedPort() })
  else restoreEnvironment()
  shared.twigCache = undefined
}

afterEach(() => redisAway(false))

const pending = (subjectId: string) => db().cacheNotice.count({ where: { subjectId } })

test('a limit changed while Redis is away is committed, is not claimed to be in force, and is told by itself later', async () => {
  const { operator, organization } = await tenant('enterprise')
  await redisAway(true)
  expect((await setLimit(operator, 'read', 7, 9)).inForce).toBe(false)
  expect((await organizationLimits(organization.id)).organizationPerMinute.read).toBe(9)
  expect(await pending(organization.id)).toBe(1)
  await redisAway(false)
  await vi.waitFor(async () => expect(await pending(organization.id)).toBe(0), { timeout: 5_000 })
})

test('telling an older change does not take away the notice of a newer one', async () => {
  const { organization } = await tenant()
  const older = await inTransaction((tx) => noteChange(tx, 'organization', organization.id))
  const newer = await inTransaction((tx) => noteChange(tx, 'organization', organization.id))
  expect(await deliver(older)).toBe(true)
  expect(await pending(organization.id)).toBe(1)
  expect(await deliver(newer)).toBe(true)
  expect(await pending(organization.id)).toBe(0)
})

test('what a process left behind is told by whoever asks next', async () => {
  const { organization } = await tenant()
  await inTransaction((tx) => noteChange(tx, 'organization', organization.id))
  expect(await deliverPending()).toBeGreaterThanOrEqual(1)
  expect(await pending(organization.id)).toBe(0)
})

test('a notice goes with its change: a transaction that fails leaves none', async () => {
  const { organization } = await tenant()
  const failing = inTransaction(async (tx) => {
    await noteChange(tx, 'organization', organization.id)
    throw new Error('rolled back')
  })
  await expect(failing).rejects.toThrow('rolled back')
  expect(await pending(organization.id)).toBe(0)
})

test('a notice whose subject is gone is settled', async () => {
  const notices = await inTransaction((tx) =>
    Promise.all([noteChange(tx, 'key', 'key_gone00000000'), noteChange(tx, 'organization', 'org_gone')]),
  )
  for (const notice of notices) expect(await deliver(notice)).toBe(true)
})
