import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { SESSION_TTL_SECONDS } from '../core/session'
import { cache } from '../store/cache'
import { closeDb, db, inTransaction } from '../store/db'
import { switchOrganization } from './organization-switch'
import { createOrganization } from './organizations'
import { listSessions } from './session-list'
import { isKnownPlace } from './session-places'
import {
  endOtherSessions,
  endSession,
  findActiveSession,
  logOut,
  type SignInOrigin,
  startSessionSomewhere,
  sweepSessions,
  touchSession,
} from './sessions'

const T0 = new Date('2026-03-01T12:00:00Z')
const T0_SECONDS = T0.getTime() / 1000
const later = (seconds: number) => new Date(T0.getTime() + seconds * 1000)
const CHROME =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36'

let userId = ''
let email = ''
let organizationId = ''

async function person(): Promise<{ id: string; email: string }> {
  const id = `user_${randomUUID().replaceAll('-', '')}`
  return db().user.create({ data: { id, email: `${id.toLowerCase()}@sessions.example`, name: 'Ada' } })
}

beforeEach(async () => {
  const user = await person()
  const organization = await createOrganization({ name: 'Analytical' })
  userId = user.id
  email = user.email
  organizationId = organization.id
  await db().membership.create({ data: { organizationId, userId, role: 'admin' } })
})
afterAll(closeDb)

function start(origin: SignInOrigin = {}, now = T0) {
  return inTransaction((tx) => startSessionSomewhere(tx, { userId, method: 'password' }, origin, now))
}

function principalOf(sessionId: string): UserPrincipal {
  return { kind: 'user', userId, sessionId, organizationId, role: 'admin', environment: 'live' }
}

const claims = (sessionId: string, issuedAt = T0_SECONDS) => ({ userId, sessionId, issuedAt })

describe('findActiveSession', () => {
  it('knows the person, the organization and the role of a started session', async () => {
    const { sid } = await start()
    expect(await findActiveSession(claims(sid), T0)).toMatchObject({
      user: { id: userId, email, name: 'Ada' },
      organization: { id: organizationId, plan: 'free' },
      role: 'admin',
      memberships: [{ role: 'admin' }],
    })
  })

  it('refuses a session of somebody else, and one that never was', async () => {
    const { sid } = await start()
    const other = await person()
    expect(await findActiveSession({ ...claims(sid), userId: other.id }, T0)).toEqual({ ended: 'unknown' })
    expect(await findActiveSession(claims('sess_none'), T0)).toEqual({ ended: 'unknown' })
  })

  it('ends a session after 7 days without use, to the second', async () => {
    const { sid } = await start()
    expect(await findActiveSession(claims(sid), later(SESSION_TTL_SECONDS - 1))).toHaveProperty('user')
    expect(await findActiveSession(claims(sid), later(SESSION_TTL_SECONDS))).toEqual({ ended: 'expired' })
  })

  it('counts the renewal of the cookie as use, so that reading public pages keeps a session alive', async () => {
    const { sid } = await start()
    const renewed = claims(sid, T0_SECONDS + 3600)
    expect(await findActiveSession(renewed, later(SESSION_TTL_SECONDS))).toHaveProperty('user')
  })

  it('takes the organization from the row, and none where the person is no longer a member', async () => {
    const { sid } = await start()
    await db().membership.deleteMany({ where: { userId } })
    expect(await findActiveSession(claims(sid), T0)).toEqual({ ended: 'removed' })
  })
})

describe('startSessionSomewhere', () => {
  it('gives a new id each time, and an audit row without the user agent', async () => {
    const [first, second] = [await start({ userAgent: CHROME }), await start({ userAgent: CHROME })]
    expect(first.sid).not.toBe(second.sid)
    const rows = await db().auditLog.findMany({ where: { organizationId, action: 'session.started' } })
    expect(rows.map(({ after }) => after)).toContainEqual({ method: 'password', device: 'Chrome on macOS' })
  })

  it('goes back to the organization last used', async () => {
    const { id } = await createOrganization({ name: 'Second' })
    await db().membership.create({ data: { organizationId: id, userId, role: 'viewer' } })
    const { sid } = await start()
    await switchOrganization(principalOf(sid), { organizationId: id })
    expect((await start({}, later(60))).org).toBe(id)
  })

  it('refuses somebody who belongs nowhere', async () => {
    await db().membership.deleteMany({ where: { userId } })
    await expect(start()).rejects.toMatchObject({ code: 'insufficient_role' })
  })
})

describe('touchSession', () => {
  it('notes a use at most once a minute, and never revives an ended session', async () => {
    const { sid } = await start()
    const seen = async () =>
      (await db().session.findUniqueOrThrow({ where: { id: sid } })).lastSeenAt.getTime()
    await touchSession(sid, T0, later(59))
    expect(await seen()).toBe(T0.getTime())
    await touchSession(sid, T0, later(60))
    expect(await seen()).toBe(later(60).getTime())
    await logOut({ sub: userId, sid }, {})
    await touchSession(sid, later(60), later(3600))
    expect(await seen()).toBe(later(60).getTime())
  })
})

describe('logOut', () => {
  it('ends the row, puts a tombstone before the gate, and may be repeated', async () => {
    const { sid, sub } = await start()
    await logOut({ sub, sid }, {})
    await logOut({ sub, sid }, {})
    expect(await findActiveSession(claims(sid), T0)).toEqual({ ended: 'logged_out' })
    expect(await cache().get(`s:${sid}`)).toBe('logged_out')
    expect(await db().auditLog.count({ where: { targetId: sid, action: 'session.ended' } })).toBe(1)
  })

  it('leaves the session of another person alone', async () => {
    const { sid } = await start()
    const other = await person()
    await logOut({ sub: other.id, sid }, {})
    expect(await findActiveSession(claims(sid), T0)).toHaveProperty('user')
  })
})

describe('the list of sessions', () => {
  it('names device and address, the present one first, and leaves out the dead', async () => {
    const idle = await start({}, later(-SESSION_TTL_SECONDS))
    const current = await start({ userAgent: CHROME, clientIp: '203.0.113.9' })
    const newer = await start({ userAgent: 'curl/8.0' }, later(60))
    const ended = await start()
    await logOut({ sub: userId, sid: ended.sid }, {})
    const list = await listSessions(principalOf(current.sid), later(120))
    expect(list.map(({ id }) => id)).toEqual([current.sid, newer.sid])
    expect(list[0]).toMatchObject({ device: 'Chrome on macOS', clientIp: '203.0.113.9', current: true })
    expect(list.map(({ id }) => id)).not.toContain(idle.sid)
  })

  it('ends one, and refuses what is not one of the caller’s', async () => {
    const [current, other] = [await start(), await start()]
    await endSession(principalOf(current.sid), { id: other.sid })
    expect(await findActiveSession(claims(other.sid), T0)).toEqual({ ended: 'ended_by_user' })
    expect(await cache().get(`s:${other.sid}`)).toBe('ended_by_user')
    const stranger = await person()
    const foreign = { ...principalOf('sess_x'), userId: stranger.id }
    await expect(endSession(foreign, { id: current.sid })).rejects.toMatchObject({ code: 'not_found' })
    expect(await findActiveSession(claims(current.sid), T0)).toHaveProperty('user')
  })

  it('ends all others and keeps the present one', async () => {
    const [current, second, third] = [await start(), await start(), await start()]
    expect(await endOtherSessions(principalOf(current.sid))).toEqual({ ended: 2 })
    expect(await findActiveSession(claims(current.sid), T0)).toHaveProperty('user')
    for (const { sid } of [second, third]) {
      expect(await findActiveSession(claims(sid), T0)).toEqual({ ended: 'ended_by_user' })
    }
  })
})

describe('switchOrganization', () => {
  it('moves the session where the person is a member, and nowhere else', async () => {
    const { sid } = await start()
    const [mine, foreign] = [
      await createOrganization({ name: 'Mine' }),
      await createOrganization({ name: 'Not mine' }),
    ]
    await db().membership.create({ data: { organizationId: mine.id, userId, role: 'viewer' } })
    expect(await switchOrganization(principalOf(sid), { organizationId: mine.id })).toEqual({
      sub: userId,
      sid,
      org: mine.id,
    })
    expect(await findActiveSession(claims(sid), T0)).toMatchObject({
      organization: { id: mine.id },
      role: 'viewer',
    })
    await expect(switchOrganization(principalOf(sid), { organizationId: foreign.id })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await findActiveSession(claims(sid), T0)).toMatchObject({ organization: { id: mine.id } })
  })

  it('does nothing for a session that has ended', async () => {
    const { sid } = await start()
    await logOut({ sub: userId, sid }, {})
    await expect(switchOrganization(principalOf(sid), { organizationId })).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('isKnownPlace', () => {
  it('is a network where the account signed in within 30 days', async () => {
    await start({ clientIp: '203.0.113.9' })
    await start({ clientIp: '2001:db8:1:2::9' })
    expect(await isKnownPlace(email, '203.0.113.9', later(60))).toBe(true)
    expect(await isKnownPlace(email, '2001:db8:1:2:3:4:5:6', later(60))).toBe(true)
    expect(await isKnownPlace(email, '203.0.113.10', later(60))).toBe(false)
    expect(await isKnownPlace(email, null, later(60))).toBe(false)
    expect(await isKnownPlace('nobody@sessions.example', '203.0.113.9', later(60))).toBe(false)
    expect(await isKnownPlace(email, '203.0.113.9', later(31 * 24 * 3600))).toBe(false)
  })
})

describe('sweepSessions', () => {
  it('keeps what may still be asked about and removes what is 30 days old', async () => {
    const { sid } = await start()
    await sweepSessions(later(29 * 24 * 3600))
    expect(await db().session.count({ where: { id: sid } })).toBe(1)
    await sweepSessions(later(31 * 24 * 3600))
    expect(await db().session.count({ where: { id: sid } })).toBe(0)
  })
})
