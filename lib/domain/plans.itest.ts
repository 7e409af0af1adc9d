import { expect, test } from 'vitest'
import { digestKey, parseKey } from '../core/api-key'
import { decideKey } from '../edge/limiter'
import { nodeEnv } from '../env/node'
import { cache } from '../store/cache'
import { nodeHmac } from '../store/hmac'
import { createApiKey } from './api-keys'
import { verifyApiKey } from './key-verifier'
import { organizationLimits } from './organization-limits'
import { setLimit, setPlan } from './plans'
import { auditOf, tenant } from './testing/tenants'

const code = (value: string) => expect.objectContaining({ code: value })

async function limitSeenByGate(credential: string): Promise<number> {
  const key = parseKey(credential)
  if (!key) throw new Error('not a key')
  const digest = digestKey(key, nodeHmac(nodeEnv().secrets.keyPepper))
  const decision = await decideKey(cache(), {
    keyId: key.keyId,
    digest,
    scope: 'write',
    bucket: 'write',
    take: false,
    address: '',
  })
  if (!('bucket' in decision)) throw new Error(decision.kind)
  return decision.bucket.limit
}

test('a custom limit needs the Enterprise plan, and the refusal names it', async () => {
  const { operator } = await tenant('pro')
  await expect(setLimit(operator, 'write', 100)).rejects.toMatchObject({
    code: 'plan_required',
    details: { required_plan: 'enterprise' },
  })
})

test('a changed limit counts at the gate’s next question, up and down, and ends with the plan', async () => {
  const { operator, organization } = await tenant('enterprise')
  const { key } = await createApiKey(operator, { name: 'CI', scopes: ['write'], environment: 'live' })
  await verifyApiKey(key)
  expect(await limitSeenByGate(key)).toBe(10)
  expect((await setLimit(operator, 'write', 100)).inForce).toBe(true)
  expect(await limitSeenByGate(key)).toBe(100)
  await setLimit(operator, 'write', 3)
  expect(await limitSeenByGate(key)).toBe(3)
  await setPlan(operator, 'pro')
  expect(await limitSeenByGate(key)).toBe(10)
  await setPlan(operator, 'enterprise')
  expect((await organizationLimits(organization.id)).perMinute.write).toBe(3)
})

test('changes made at once all count, in one order that gate and database agree on', async () => {
  const { operator, organization } = await tenant('enterprise')
  const { key } = await createApiKey(operator, { name: 'CI', scopes: ['write'], environment: 'live' })
  await verifyApiKey(key)
  await Promise.all([11, 12, 13, 14, 15].map((perMinute) => setLimit(operator, 'write', perMinute)))
  expect(await limitSeenByGate(key)).toBe((await organizationLimits(organization.id)).perMinute.write)
  const changes = (await auditOf(organization.id)).filter(
    ({ action }) => action === 'organization.limit_changed',
  )
  expect(changes).toHaveLength(5)
})

test('a limit is a whole number from 1 to a million', async () => {
  const { operator } = await tenant('enterprise')
  for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1_000_001]) {
    await expect(setLimit(operator, 'read', wrong)).rejects.toEqual(code('invalid_request'))
  }
})
