import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { UserPrincipal } from '../core/principal'
import { AllowlistRangeInput } from '../core/protection-schemas'
import { addressKey } from '../edge/client-ip'
import { judgeSession } from '../edge/key-cache'
import { cache } from '../store/cache'
import { db } from '../store/db'
import {
  addAllowlistRange,
  removeAllowlistRange,
  switchAllowlist,
  switchConsoleCoverage,
} from './allowlist-changes'
import { lostPlace } from './allowlist-checks'
import { confirmAllowlist, revertUnconfirmed } from './allowlist-confirmation'
import { previewAllowlist } from './allowlist-previews'
import { allowlistState, getAllowlistRange, listAllowlistRanges } from './allowlist-ranges'
import { createApiKey } from './api-keys'
import { deliverPending } from './cache-notices'
import { verifyApiKey } from './key-verifier'
import { setPlan } from './plans'
import { askGate, plantKey, warmUp, withoutRedis } from './testing/keys'
import { refusedWith } from './testing/refused-with'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'
import { batchOf, eventOf } from './testing/usage-events'
import { writeUsage } from './usage-recorder'

beforeAll(warmUp)

const OFFICE = '203.0.113.0/24'
const INSIDE = '203.0.113.9'
const OUTSIDE = '198.51.100.7'
const MINUTE_MS = 60_000
const Details = z.looseObject({ missing_range: z.string().nullable() })

function range(cidr: string, rest: { description?: string; force?: boolean } = {}) {
  return AllowlistRangeInput.parse({ cidr, ...rest })
}

/** An Enterprise organization with an admin at an address, and a key. */
async function world(clientIp: string | null = INSIDE) {
  const { organization, operator } = await tenant('enterprise')
  const admin: UserPrincipal = { ...(await personOf(organization.id, 'admin')), clientIp }
  const key = { ...keyOf(organization.id, ['admin']), clientIp }
  return { organizationId: organization.id, operator, admin, key }
}

/** What the gate says to a call with the key from there. */
async function verdictAt(credential: string, clientIp: string | null): Promise<string> {
  return (await askGate(credential, 'read', cache(), addressKey(clientIp))).kind
}

/** A key in use: the gate knows it and its organization. */
async function keyInUse({ operator }: Pick<Awaited<ReturnType<typeof world>>, 'operator'>) {
  const { key } = await createApiKey(operator, { name: 'CI', scopes: ['read'], environment: 'live' })
  await verifyApiKey(key)
  return key
}

describe('adding ranges', () => {
  test('puts the list in force from the first one on: the next call of the gate obeys, and removing the last opens it', async () => {
    const own = await world()
    const credential = await keyInUse(own)
    expect(await verdictAt(credential, OUTSIDE)).toBe('admit')
    const added = await addAllowlistRange(own.operator, range('203.0.113.77/24', { description: 'Office' }))
    expect(added).toMatchObject({ cidr: OFFICE, description: 'Office', in_force: true, created_by: null })
    expect(await verdictAt(credential, OUTSIDE)).toBe('address')
    expect(await verdictAt(credential, INSIDE)).toBe('admit')
    expect(await verdictAt(credential, null)).toBe('unplaced')
    await addAllowlistRange(own.operator, range(OUTSIDE))
    expect(await verdictAt(credential, OUTSIDE)).toBe('admit')
    for (const { id } of (await allowlistState(own.operator)).ranges) {
      await removeAllowlistRange(own.operator, { id })
    }
    expect(await verdictAt(credential, '192.0.2.200')).toBe('admit')
    expect(await allowlistState(own.operator)).toMatchObject({ inForce: false, ranges: [] })
  })

  test('is refused where it leaves its own caller outside, with the range that is missing, unless they insist', async () => {
    const { key, admin, organizationId } = await world(OUTSIDE)
    const refusal = await refusedWith('would_lock_out', addAllowlistRange(key, range(OFFICE)))
    expect(Details.parse(refusal.details).missing_range).toBe(`${OUTSIDE}/32`)
    await refusedWith('would_lock_out', addAllowlistRange(admin, range(OFFICE)))
    const written = (await auditOf(organizationId)).filter(({ action }) => action.startsWith('allowlist.'))
    expect(written).toEqual([])
    await addAllowlistRange(key, range(OFFICE, { force: true }))
    // Already outside: one range more locks nobody out who was in.
    await addAllowlistRange(admin, range('192.0.2.0/24'))
  })

  test('is refused to whose address is unknown', async () => {
    const { key } = await world(null)
    const refusal = await refusedWith('would_lock_out', addAllowlistRange(key, range(OFFICE)))
    expect(Details.parse(refusal.details).missing_range).toBeNull()
  })

  test('takes no range twice, none of every address without insisting, and at most 1,000', async () => {
    const { organizationId, admin, operator } = await world()
    await addAllowlistRange(admin, range(OFFICE))
    await refusedWith('conflict', addAllowlistRange(admin, range('203.0.113.1/24')))
    await refusedWith('conflict', addAllowlistRange(admin, range('0.0.0.0/0')))
    await refusedWith('conflict', addAllowlistRange(admin, range('::/0')))
    await addAllowlistRange(admin, range('::/0', { force: true }))
    const many = Array.from({ length: 997 }, (_, i) => ({
      id: `range_${organizationId}_${i}`,
      organizationId,
      cidr: `10.${i >> 8}.${i & 255}.0/24`,
      description: '',
    }))
    await db().allowlistRange.createMany({ data: many })
    await addAllowlistRange(operator, range('192.0.2.1'))
    await refusedWith('conflict', addAllowlistRange(operator, range('192.0.2.2')))
    const credential = await keyInUse({ operator })
    expect(await verdictAt(credential, '10.3.228.7')).toBe('admit')
    expect(await verdictAt(credential, '10.3.229.7')).toBe('address')
  })

  test('needs the Enterprise plan, the role admin, and no Test key', async () => {
    const { organization, operator } = await tenant('pro')
    const refusal = await refusedWith('plan_required', addAllowlistRange(operator, range(OFFICE)))
    expect(refusal.details).toMatchObject({ required_plan: 'enterprise' })
    const own = await world()
    const member = await personOf(own.organizationId, 'member')
    await refusedWith('insufficient_role', addAllowlistRange(member, range(OFFICE)))
    await refusedWith('insufficient_role', listAllowlistRanges(member, { limit: 50 }))
    const reader = keyOf(organization.id, ['read', 'write', 'execute'])
    await refusedWith('insufficient_scope', addAllowlistRange(reader, range(OFFICE)))
    const testKey = { ...keyOf(own.organizationId, ['admin'], 'test'), clientIp: INSIDE }
    await refusedWith('conflict', addAllowlistRange(testKey, range(OFFICE)))
  })

  test('stands in the audit log, and is nobody else’s to see or remove', async () => {
    const { organizationId, admin } = await world()
    const stranger = (await world()).admin
    const { id } = await addAllowlistRange(admin, range(OFFICE))
    await refusedWith('not_found', getAllowlistRange(stranger, { id }))
    await refusedWith('not_found', removeAllowlistRange(stranger, { id }))
    expect(await listAllowlistRanges(stranger, { limit: 50 })).toMatchObject({ data: [] })
    await removeAllowlistRange(admin, { id })
    const rows = (await auditOf(organizationId)).filter(({ action }) => action.startsWith('allowlist.'))
    expect(rows.map(({ action, targetId, after }) => [action, targetId, after])).toEqual([
      ['allowlist.range_added', id, { cidr: OFFICE, description: '', in_force: true }],
      ['allowlist.range_removed', id, { in_force: false }],
    ])
  })

  test('that Redis could not be told of is done, says so, and is told as soon as it answers', async () => {
    const own = await world()
    const credential = await keyInUse(own)
    await withoutRedis(async () => {
      const refusal = await refusedWith('revocation_pending', addAllowlistRange(own.admin, range(OFFICE)))
      expect(refusal.details).toMatchObject({ cidr: OFFICE })
    })
    await deliverPending()
    expect(await verdictAt(credential, OUTSIDE)).toBe('address')
  })

  test('by twenty at once loses none, and the gate ends up with all', async () => {
    const own = await world()
    const credential = await keyInUse(own)
    const cidrs = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}/32`)
    await addAllowlistRange(own.operator, range(OFFICE))
    await Promise.all(cidrs.map((cidr) => addAllowlistRange(own.operator, range(cidr))))
    const verdicts = await Promise.all(cidrs.map((cidr) => verdictAt(credential, cidr.slice(0, -3))))
    expect(verdicts).toEqual(Array(20).fill('admit'))
    expect(await verdictAt(credential, '192.0.2.20')).toBe('address')
  })
})

describe('removing ranges', () => {
  test('is refused where it puts its own caller outside, unless they insist', async () => {
    const { key, operator } = await world()
    const { id } = await addAllowlistRange(operator, range(OFFICE))
    await addAllowlistRange(operator, range('192.0.2.0/24'))
    await refusedWith('would_lock_out', removeAllowlistRange(key, { id }))
    expect(await removeAllowlistRange(key, { id, force: true })).toMatchObject({
      in_force: true,
      cidr: OFFICE,
    })
  })

  test('works on a lower plan, where the list stays in force and nothing is added', async () => {
    const own = await world()
    const credential = await keyInUse(own)
    const { id } = await addAllowlistRange(own.operator, range(OFFICE))
    await setPlan(own.operator, 'free')
    expect(await verdictAt(credential, OUTSIDE)).toBe('address')
    await refusedWith('plan_required', addAllowlistRange(own.admin, range('192.0.2.1')))
    await refusedWith('plan_required', switchConsoleCoverage(own.admin, { on: true }))
    await removeAllowlistRange(own.admin, { id })
    expect(await verdictAt(credential, OUTSIDE)).toBe('admit')
  })
})

describe('what is switched on in the console', () => {
  const now = new Date('2027-03-01T12:00:00Z')
  const later = (ms: number) => new Date(now.getTime() + ms)

  test('is kept when it is confirmed from an allowed address', async () => {
    const { admin } = await world()
    await addAllowlistRange(admin, range(OFFICE), now)
    expect(await allowlistState(admin)).toMatchObject({ inForce: true, unconfirmed: { what: 'list' } })
    await refusedWith('would_lock_out', confirmAllowlist({ ...admin, clientIp: OUTSIDE }))
    await confirmAllowlist(admin)
    await refusedWith('conflict', confirmAllowlist(admin))
    await revertUnconfirmed(later(6 * MINUTE_MS))
    expect(await allowlistState(admin)).toMatchObject({ inForce: true, unconfirmed: null, reverted: null })
  })

  test('is switched off again after 5 minutes and not before, ranges kept, and can be switched on anew', async () => {
    const own = await world()
    const { admin, organizationId } = own
    const credential = await keyInUse(own)
    await addAllowlistRange(admin, range(OFFICE), now)
    await revertUnconfirmed(later(5 * MINUTE_MS - 1))
    expect(await verdictAt(credential, OUTSIDE)).toBe('address')
    await revertUnconfirmed(later(5 * MINUTE_MS))
    expect(await verdictAt(credential, OUTSIDE)).toBe('admit')
    expect(await allowlistState(admin)).toMatchObject({
      inForce: false,
      reverted: 'list',
      ranges: [{ cidr: OFFICE, in_force: false }],
    })
    expect((await auditOf(organizationId)).at(-1)).toMatchObject({
      action: 'allowlist.reverted',
      actorKind: 'operator',
    })
    // One range more does not switch it on from the console; a key's does.
    await addAllowlistRange(admin, range('192.0.2.0/24'), now)
    expect(await verdictAt(credential, OUTSIDE)).toBe('admit')
    await switchAllowlist(admin, { on: true }, now)
    expect(await verdictAt(credential, OUTSIDE)).toBe('address')
    await switchAllowlist(admin, { on: false })
    await addAllowlistRange(own.key, range('192.0.3.0/24'))
    expect(await verdictAt(credential, OUTSIDE)).toBe('address')
    expect(await allowlistState(admin)).toMatchObject({ unconfirmed: null })
  })

  test('for the web app falls back alone, and for both together', async () => {
    const { admin, operator } = await world()
    await addAllowlistRange(operator, range(OFFICE), now)
    await switchConsoleCoverage(admin, { on: true }, now)
    expect(await allowlistState(admin)).toMatchObject({
      coversConsole: true,
      unconfirmed: { what: 'console' },
    })
    await revertUnconfirmed(later(5 * MINUTE_MS))
    expect(await allowlistState(admin)).toMatchObject({
      inForce: true,
      coversConsole: false,
      reverted: 'console',
    })
    await switchAllowlist(admin, { on: false })
    await switchAllowlist(admin, { on: true }, now)
    await switchConsoleCoverage(admin, { on: true }, later(MINUTE_MS))
    await revertUnconfirmed(later(6 * MINUTE_MS))
    expect(await allowlistState(admin)).toMatchObject({
      inForce: false,
      coversConsole: false,
      reverted: 'list',
    })
  })
})

describe('a list that covers the web app', () => {
  test('is refused to an admin outside of it and to nobody’s harm: not even by insisting', async () => {
    const { admin, operator } = await world()
    const { id } = await addAllowlistRange(operator, range(OFFICE))
    await addAllowlistRange(operator, range('192.0.2.0/24'))
    await refusedWith('would_lock_out', switchConsoleCoverage({ ...admin, clientIp: OUTSIDE }, { on: true }))
    await switchConsoleCoverage(admin, { on: true })
    await refusedWith('would_lock_out', removeAllowlistRange(admin, { id, force: true }))
    await removeAllowlistRange(operator, { id })
  })

  test('counts for people at the gate and behind it, and ends what is under way', async () => {
    const { admin, operator, organizationId } = await world()
    const at = (clientIp: string) => ({ sessionId: 'sess_x', organizationId, address: addressKey(clientIp) })
    await addAllowlistRange(operator, range(OFFICE))
    expect(await lostPlace(organizationId, OUTSIDE, 'console')).toBeNull()
    expect(await lostPlace(organizationId, OUTSIDE, 'api')).toMatchObject({ code: 'ip_not_allowed' })
    await switchConsoleCoverage(admin, { on: true })
    expect(await judgeSession(cache(), at(OUTSIDE))).toEqual({ kind: 'address' })
    expect(await judgeSession(cache(), at(INSIDE))).toEqual({ kind: 'open' })
    expect(await lostPlace(organizationId, OUTSIDE, 'console')).toMatchObject({ code: 'ip_not_allowed' })
    expect(await lostPlace(organizationId, null, 'console')).toMatchObject({
      code: 'temporarily_unavailable',
    })
    expect(await lostPlace(organizationId, INSIDE, 'console')).toBeNull()
    await addAllowlistRange(operator, range(OUTSIDE))
    expect(await lostPlace(organizationId, OUTSIDE, 'console')).toBeNull()
  })

  test('needs a list in force', async () => {
    const { admin } = await world()
    await refusedWith('conflict', switchConsoleCoverage(admin, { on: true }))
    await refusedWith('conflict', switchAllowlist(admin, { on: true }))
  })
})

test('a preview counts what a list would have blocked in the last 7 days, and of its own organization alone', async () => {
  const now = new Date()
  const { admin, organizationId } = await world()
  const { id } = await plantKey(organizationId)
  const stranger = await plantKey((await world()).organizationId)
  const used = (keyId: string, clientIp: string, times: number, agoDays = 0) =>
    Array.from({ length: times }, () =>
      eventOf(keyId, { clientIp, timeMs: now.getTime() - agoDays * 86_400_000 }),
    )
  await writeUsage(
    batchOf([
      ...used(id, INSIDE, 5),
      ...used(id, OUTSIDE, 3, 6),
      ...used(id, '2001:db8::1', 2),
      ...used(id, '', 1),
      ...used(id, '192.0.2.9', 9, 8),
      ...used(stranger.id, '192.0.2.10', 4),
    ]),
  )
  const preview = await previewAllowlist(admin, { cidr: OFFICE }, now)
  expect(preview).toMatchObject({ requests: 11, blocked: 5, addresses: 2, unknown: 1 })
  expect(preview.busiest.map(({ clientIp, requests }) => [clientIp, requests])).toEqual([
    [OUTSIDE, 3],
    ['2001:db8::1', 2],
  ])
  expect(await previewAllowlist(admin, { cidr: '0.0.0.0/0' }, now)).toMatchObject({ blocked: 2 })
})
