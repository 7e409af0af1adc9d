import { beforeAll, describe, expect, test } from 'vitest'
import { addressKey } from '../edge/client-ip'
import { judgeSession } from '../edge/key-cache'
import { cache } from '../store/cache'
import {
  addAllowlistRange,
  removeAllowlistRange,
  switchAllowlist,
  switchConsoleCoverage,
} from './allowlist-changes'
import { lostPlace } from './allowlist-checks'
import { confirmAllowlist, revertUnconfirmed } from './allowlist-confirmation'
import { allowlistState } from './allowlist-ranges'
import {
  INSIDE,
  keyInUseOf,
  listedTenant,
  MINUTE_MS,
  OFFICE,
  OUTSIDE,
  range,
  verdictAt,
} from './testing/allowlist'
import { warmUp } from './testing/keys'
import { refusedWith } from './testing/refused-with'
import { auditOf } from './testing/tenants'

beforeAll(warmUp)

describe('what is switched on in the console', () => {
  const now = new Date('2027-03-01T12:00:00Z')
  const later = (ms: number) => new Date(now.getTime() + ms)

  test('is kept when it is confirmed from an allowed address', async () => {
    const { admin } = await listedTenant()
    await addAllowlistRange(admin, range(OFFICE), now)
    expect(await allowlistState(admin)).toMatchObject({ inForce: true, unconfirmed: { what: 'list' } })
    await refusedWith('would_lock_out', confirmAllowlist({ ...admin, clientIp: OUTSIDE }))
    await confirmAllowlist(admin)
    await refusedWith('conflict', confirmAllowlist(admin))
    await revertUnconfirmed(later(6 * MINUTE_MS))
    expect(await allowlistState(admin)).toMatchObject({ inForce: true, unconfirmed: null, reverted: null })
  })

  test('is switched off again after 5 minutes and not before, ranges kept, and can be switched on anew', async () => {
    const own = await listedTenant()
    const { admin, organizationId } = own
    const credential = await keyInUseOf(own)
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
      actorKind: 'system',
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
    const { admin, operator } = await listedTenant()
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
    const { admin, operator } = await listedTenant()
    const { id } = await addAllowlistRange(operator, range(OFFICE))
    await addAllowlistRange(operator, range('192.0.2.0/24'))
    await refusedWith('would_lock_out', switchConsoleCoverage({ ...admin, clientIp: OUTSIDE }, { on: true }))
    await switchConsoleCoverage(admin, { on: true })
    await refusedWith('would_lock_out', removeAllowlistRange(admin, { id, force: true }))
    await removeAllowlistRange(operator, { id })
  })

  test('counts for people at the gate and behind it, and ends what is under way', async () => {
    const { admin, operator, organizationId } = await listedTenant()
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
    const { admin } = await listedTenant()
    await refusedWith('conflict', switchConsoleCoverage(admin, { on: true }))
    await refusedWith('conflict', switchAllowlist(admin, { on: true }))
  })
})
