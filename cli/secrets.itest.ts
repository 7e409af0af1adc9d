import { afterEach, beforeEach, expect, test } from 'vitest'
import { plantExternalKey, putEnvelope, ringKey, setRing } from '../lib/domain/testing/external-keys'
import { tenant } from '../lib/domain/testing/tenants'
import { restoreEnvironment } from '../lib/env/testing/environment'
import { db } from '../lib/store/db'
import { type Outcome, obey } from './testing/twig'

async function clear() {
  await db().externalKey.deleteMany()
  await db().idempotencyRecord.deleteMany()
  await db().ssoConnection.deleteMany()
  await db().serviceKey.deleteMany()
  await db().connection.deleteMany()
  await db().tokenRevocation.deleteMany()
}
beforeEach(clear)
afterEach(async () => {
  await clear()
  restoreEnvironment()
})

/** Obeys `twig secrets …` with a ring, beside the backends of this process. */
function secrets(ring: string, ...args: string[]): Promise<Outcome> {
  return obey(['secrets', ...args], { env: { TWIG_ENCRYPTION_KEYS: ring } })
}

test('secrets rotate moves every row and says so; status counts by key and fails where something is lost', async () => {
  const [old, next] = [ringKey('old'), ringKey('next')]
  const { organization } = await tenant()
  setRing(old)
  await plantExternalKey(organization.id)
  const damaged = await plantExternalKey(organization.id)
  const before = await secrets(`${next},${old}`, 'status')
  expect(before.code).toBe(0)
  expect(before.out).toContain('2 rows under older keys: run secrets rotate.')

  const rotated = await secrets(`${next},${old}`, 'rotate', '--json')
  expect(rotated.code).toBe(0)
  expect(JSON.parse(rotated.out)).toMatchObject({
    rotated: 2,
    to_rotate: 0,
    unreadable: 0,
    removable_keys: ['old'],
  })
  await putEnvelope(damaged, 'v1.next.AAAA.AAAA')
  const after = await secrets(next, 'status', '--json')
  expect(after.code).toBe(1)
  expect(JSON.parse(after.out)).toMatchObject({
    unreadable: 1,
    columns: expect.arrayContaining([expect.objectContaining({ rows_by_key: { next: 1 } })]),
  })
})
