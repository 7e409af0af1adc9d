import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { db } from '../store/db'
import { addAllowlistRange, removeAllowlistRange, switchConsoleCoverage } from './allowlist-changes'
import { previewAllowlist } from './allowlist-previews'
import { allowlistState, getAllowlistRange, listAllowlistRanges } from './allowlist-ranges'
import { deliverPending } from './cache-notices'
import { setPlan } from './plans'
import { INSIDE, keyInUseOf, listedTenant, OFFICE, OUTSIDE, range, verdictAt } from './testing/allowlist'
import { plantKey, warmUp, withoutRedis } from './testing/keys'
import { refusedWith } from './testing/refused-with'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'
import { batchOf, eventOf } from './testing/usage-events'
import { writeUsage } from './usage-recorder'

beforeAll(warmUp)

const Details = z.looseObject({ missing_range: z.string().nullable() })

describe('adding ranges', () => {
  test('puts the list in force from the first one on: the next call of the gate obeys, and removing the last opens it', async () => {
    const own = await listedTenant()
    const credential = await keyInUseOf(own)
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
    const { key, admin, organizationId } = await listedTenant(OUTSIDE)
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
    const { key } = await listedTenant(null)
    const refusal = await refusedWith('would_lock_out', addAllowlistRange(key, range(OFFICE)))
    expect(Details.parse(refusal.details).missing_range).toBeNull()
  })

  test('takes no range twice, none of every address without insisting, and at most 1,000', async () => {
    const { organizationId, admin, operator } = await listedTenant()
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
    const credential = await keyInUseOf({ operator })
    expect(await verdictAt(credential, '10.3.228.7')).toBe('admit')
    expect(await verdictAt(credential, '10.3.229.7')).toBe('address')
  })

  test('needs the Enterprise plan, the role admin, and no Test key', async () => {
    const { organization, operator } = await tenant('pro')
    const refusal = await refusedWith('plan_required', addAllowlistRange(operator, range(OFFICE)))
    expect(refusal.details).toMatchObject({ required_plan: 'enterprise' })
    const own = await listedTenant()
    const member = await personOf(own.organizationId, 'member')
    await refusedWith('insufficient_role', addAllowlistRange(member, range(OFFICE)))
    await refusedWith('insufficient_role', listAllowlistRanges(member, { limit: 50 }))
    const reader = keyOf(organization.id, ['read', 'write', 'execute'])
    await refusedWith('insufficient_scope', addAllowlistRange(reader, range(OFFICE)))
    const testKey = { ...keyOf(own.organizationId, ['admin'], 'test'), clientIp: INSIDE }
    await refusedWith('conflict', addAllowlistRange(testKey, range(OFFICE)))
  })

  test('stands in the audit log, and is nobody else’s to see or remove', async () => {
    const { organizationId, admin } = await listedTenant()
    const stranger = (await listedTenant()).admin
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
    const own = await listedTenant()
    const credential = await keyInUseOf(own)
    await withoutRedis(async () => {
      const refusal = await refusedWith('revocation_pending', addAllowlistRange(own.admin, range(OFFICE)))
      expect(refusal.details).toMatchObject({ cidr: OFFICE })
    })
    await deliverPending()
    expect(await verdictAt(credential, OUTSIDE)).toBe('address')
  })

  test('by six at once loses none, and the gate ends up with all', async () => {
    const own = await listedTenant()
    const credential = await keyInUseOf(own)
    const cidrs = Array.from({ length: 6 }, (_, i) => `192.0.2.${i}/32`)
    await addAllowlistRange(own.operator, range(OFFICE))
    await Promise.all(cidrs.map((cidr) => addAllowlistRange(own.operator, range(cidr))))
    const verdicts = await Promise.all(cidrs.map((cidr) => verdictAt(credential, cidr.slice(0, -3))))
    expect(verdicts).toEqual(Array(6).fill('admit'))
    expect(await verdictAt(credential, '192.0.2.6')).toBe('address')
  })
})

describe('removing ranges', () => {
  test('is refused where it puts its own caller outside, unless they insist', async () => {
    const { key, operator } = await listedTenant()
    const { id } = await addAllowlistRange(operator, range(OFFICE))
    await addAllowlistRange(operator, range('192.0.2.0/24'))
    await refusedWith('would_lock_out', removeAllowlistRange(key, { id }))
    expect(await removeAllowlistRange(key, { id, force: true })).toMatchObject({
      in_force: true,
      cidr: OFFICE,
    })
  })

  test('works on a lower plan, where the list stays in force and nothing is added', async () => {
    const own = await listedTenant()
    const credential = await keyInUseOf(own)
    const { id } = await addAllowlistRange(own.operator, range(OFFICE))
    await setPlan(own.operator, 'free')
    expect(await verdictAt(credential, OUTSIDE)).toBe('address')
    await refusedWith('plan_required', addAllowlistRange(own.admin, range('192.0.2.1')))
    await refusedWith('plan_required', switchConsoleCoverage(own.admin, { on: true }))
    await removeAllowlistRange(own.admin, { id })
    expect(await verdictAt(credential, OUTSIDE)).toBe('admit')
  })
})

test('a preview counts what a list would have blocked in the last 7 days, and of its own organization alone', async () => {
  const now = new Date()
  const { admin, organizationId } = await listedTenant()
  const { id } = await plantKey(organizationId)
  const stranger = await plantKey((await listedTenant()).organizationId)
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
