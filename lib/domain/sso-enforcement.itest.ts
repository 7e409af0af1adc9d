import { describe, expect, test } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { db, inTransaction } from '../store/db'
import { vouchForDomain } from './domain-proofs'
import { addDomain, removeDomain } from './domains'
import { signInWithPassword } from './passwords'
import { setPlan } from './plans'
import { findActiveSession, type StartedSession, startSession } from './sessions'
import { activateSsoConnection, removeSsoConnection } from './sso-connection-changes'
import { updateSsoConnection } from './sso-connection-edits'
import { findConnection, listSsoConnections } from './sso-connections'
import { enforceSso, previewEnforcement, unenforceSso } from './sso-enforcement'
import { addSaml, certificate, metadataXml, passTest, ssoTenant } from './testing/sso-settings'
import { auditOf } from './testing/tenants'

const PASSWORD = 'plover-quartz-mandolin-42'
const ORIGIN = { clientIp: '203.0.113.9', userAgent: 'test' }

const session = ({ userId, organizationId, role }: UserPrincipal, method: 'password' | 'sso') =>
  inTransaction((tx) => startSession(tx, { userId, organizationId, role, method }, ORIGIN))

const isOpen = async ({ sub: userId, sid: sessionId }: StartedSession) =>
  'user' in (await findActiveSession({ userId, sessionId, issuedAt: 0 }))

const signIn = (email: string) =>
  signInWithPassword({ email, password: PASSWORD }, ORIGIN).then(
    () => 'in',
    ({ code }: { code: string }) => code,
  )

/** An organization with everybody whom enforcement could mean, and a connection that a test passed on. */
async function ready() {
  const world = await ssoTenant()
  const { organization, insider, join } = world
  const owner = await insider('owner')
  const { id } = await addSaml(owner)
  await passTest(organization.id, id)
  const people = {
    otherOwner: await insider('owner'),
    admin: await insider('admin'),
    member: await insider('member'),
    guest: await join('member'),
  }
  const emailOf = async ({ userId }: UserPrincipal) =>
    (await db().user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })).email
  return { ...world, owner, id, people, emailOf }
}

test('the preview names exactly whom the password is then refused, and counts the sessions that then end', async () => {
  const { owner, id, people, emailOf } = await ready()
  const mine = await session(owner, 'password')
  const ending = [
    await session(owner, 'password'),
    await session(people.member, 'password'),
    await session(people.member, 'password'),
    await session(people.admin, 'password'),
  ]
  const staying = [await session(people.member, 'sso'), await session(people.guest, 'password')]
  const caller = { ...owner, sessionId: mine.sid }
  const preview = await previewEnforcement(caller, { id })
  expect(preview).toMatchObject({ obstacles: [], outside: 1, sessions: 4 })
  expect(preview.members.find(({ email }) => email === people.member.email)).toMatchObject({ sessions: 2 })
  const { ended } = await enforceSso(caller, { id, password: PASSWORD })
  expect(ended).toBe(preview.sessions)
  for (const ended of ending) expect(await isOpen(ended)).toBe(false)
  for (const kept of [mine, ...staying]) expect(await isOpen(kept)).toBe(true)
  const everybody = [owner.email, ...(await Promise.all(Object.values(people).map(emailOf)))]
  for (const email of everybody) {
    const foretold = preview.members.find((member) => member.email === email)
    const expected = foretold && !foretold.keepsPassword ? 'sso_required' : 'in'
    expect(await signIn(email), email).toBe(expected)
  }
  expect(preview.members.filter(({ keepsPassword }) => keepsPassword)).toMatchObject([{ email: owner.email }])
})

test('it is locked until the connection is active, a domain is verified and a test passed on exactly this configuration', async () => {
  const { organization, operator, insider, domain } = await ssoTenant()
  const owner = await insider('owner')
  const domains = await db().domain.findMany({ where: { organizationId: organization.id } })
  for (const { id } of domains) await removeDomain(operator, { id })
  const { id } = await addSaml(owner)
  await activateSsoConnection(owner, { id, active: false })
  const obstacles = async () => (await previewEnforcement(owner, { id })).obstacles.map(({ code }) => code)
  const enforce = () => enforceSso(owner, { id, password: PASSWORD })
  expect(await obstacles()).toEqual(['not_active', 'not_tested', 'no_domain'])
  await expect(enforce()).rejects.toMatchObject({
    code: 'conflict',
    details: { obstacles: ['not_active', 'not_tested', 'no_domain'] },
  })
  await vouchForDomain(operator, { domain })
  await activateSsoConnection(owner, { id, active: true })
  expect(await obstacles()).toEqual(['not_tested'])
  await passTest(organization.id, id)
  await updateSsoConnection(owner, { id, idp_initiated: true })
  expect(await obstacles()).toEqual(['not_tested'])
  await expect(enforce()).rejects.toMatchObject({ code: 'conflict' })
  await passTest(organization.id, id)
  expect(await obstacles()).toEqual([])
  await setPlan(operator, 'pro')
  await expect(enforce()).rejects.toMatchObject({ code: 'plan_required' })
  await setPlan(operator, 'enterprise')
  expect((await enforce()).connection.enforcedAt).not.toBeNull()
})

describe('who enforces', () => {
  test('is an owner with their present password, or the operator; in the audit log with all that followed', async () => {
    const { organization, operator, owner, id, people } = await ready()
    await expect(enforceSso(people.admin, { id, password: PASSWORD })).rejects.toMatchObject({
      code: 'insufficient_role',
    })
    for (const password of [undefined, '', 'not-my-password-at-all'])
      await expect(enforceSso(owner, { id, password })).rejects.toMatchObject({ code: 'invalid_request' })
    expect((await listSsoConnections(operator))[0]?.enforcedAt).toBeNull()
    await enforceSso(owner, { id, password: PASSWORD })
    const row = (await auditOf(organization.id)).find(({ action }) => action === 'sso.enforced')
    expect(row).toMatchObject({ actorId: owner.userId, targetId: id })
    expect(row?.after).toEqual({ members: 4, sessions_ended: 0, break_glass: [owner.userId] })
  })

  test('a second owner who proves a password keeps it too; switching off takes it from all, who need none any more', async () => {
    const { organization, owner, id, people } = await ready()
    await enforceSso(owner, { id, password: PASSWORD })
    expect(await signIn(people.otherOwner.email)).toBe('sso_required')
    await enforceSso(people.otherOwner, { id, password: PASSWORD })
    expect(await signIn(people.otherOwner.email)).toBe('in')
    await expect(unenforceSso(people.admin, { id, password: PASSWORD })).rejects.toMatchObject({
      code: 'insufficient_role',
    })
    await expect(unenforceSso(owner, { id, password: 'not-my-password-at-all' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect((await unenforceSso(owner, { id, password: PASSWORD })).enforcedAt).toBeNull()
    expect(await signIn(people.member.email)).toBe('in')
    expect((await findConnection(organization.id, id)).breakGlassUserIds).toEqual([])
    const history = (await auditOf(organization.id)).filter(({ targetId }) => targetId === id)
    expect(history.at(-1)).toMatchObject({ action: 'sso.unenforced', actorId: owner.userId })
  })

  test('an owner who is made an admin loses the way in', async () => {
    const { organization, owner, id } = await ready()
    await enforceSso(owner, { id, password: PASSWORD })
    const where = { organizationId_userId: { organizationId: organization.id, userId: owner.userId } }
    await db().membership.update({ where, data: { role: 'admin' } })
    expect(await signIn(owner.email)).toBe('sso_required')
  })
})

test('changed at the same time it ends on or off, and the audit log tells how', async () => {
  const { organization, operator, id, people } = await ready()
  for (let round = 0; round < 5; round++) {
    const calls = [
      () => enforceSso(operator, { id }),
      () => unenforceSso(operator, { id }),
      () => enforceSso(operator, { id }),
      () => signIn(people.member.email),
      () => updateSsoConnection(operator, { id, name: `Round ${round}` }),
    ]
    const outcomes = await Promise.allSettled(calls.map((call) => call()))
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
    const { enforcedAt } = await findConnection(organization.id, id)
    const rows = await auditOf(organization.id)
    const last = rows.findLast(({ action }) => /^sso\.(?:un)?enforced$/.test(action))
    expect(last?.action).toBe(enforcedAt ? 'sso.enforced' : 'sso.unenforced')
    const open = await db().session.count({ where: { userId: people.member.userId, endedAt: null } })
    if (enforcedAt) expect(open, 'nobody slipped in between').toBe(0)
  }
})

describe('while SSO is enforced', () => {
  test('nothing is changed that could shut people out or let them past it', async () => {
    const { organization, operator, owner, id } = await ready()
    await enforceSso(owner, { id, password: PASSWORD })
    const [{ id: domainId } = { id: '' }] = await db().domain.findMany({
      where: { organizationId: organization.id },
    })
    const refused: Array<() => Promise<unknown>> = [
      () => updateSsoConnection(owner, { id, certificates: [certificate('second')] }),
      () => updateSsoConnection(owner, { id, metadata_xml: metadataXml({ ssoUrl: 'https://b.example/' }) }),
      () => updateSsoConnection(owner, { id, email_attribute: 'mail' }),
      () => updateSsoConnection(owner, { id, idp_initiated: true }),
      () => activateSsoConnection(owner, { id, active: false }),
      () => removeSsoConnection(owner, { id }),
      () => removeDomain(owner, { id: domainId }),
    ]
    for (const change of refused) await expect(change()).rejects.toMatchObject({ code: 'conflict' })
    expect(await listSsoConnections(operator)).toMatchObject([{ id, isActive: true, certificates: [{}] }])
    const both = [certificate('first'), certificate('second')]
    await updateSsoConnection(owner, { id, name: 'Renamed', certificates: both })
    const [after] = await listSsoConnections(operator)
    expect(after).toMatchObject({ name: 'Renamed', certificates: [{}, {}] })
    expect(after?.enforcedAt).not.toBeNull()
    const { id: unproven } = await addDomain(owner, { domain: 'never-verified.example' })
    await removeDomain(owner, { id: unproven })
  })

  test('it moves to another connection that a test passed on, by an owner, with everybody’s break-glass', async () => {
    const { organization, operator, owner, id, people } = await ready()
    await enforceSso(owner, { id, password: PASSWORD })
    const next = await addSaml(people.admin, {
      metadata_xml: metadataXml({ entityId: 'https://next.example' }),
    })
    const move = (principal: UserPrincipal) => activateSsoConnection(principal, { id: next.id, active: true })
    await expect(move(owner)).rejects.toMatchObject({
      code: 'conflict',
      details: { obstacles: ['not_tested'] },
    })
    await passTest(organization.id, next.id)
    await expect(move(people.admin)).rejects.toMatchObject({ code: 'insufficient_role' })
    await move(owner)
    expect(await listSsoConnections(operator)).toMatchObject([
      { id, isActive: false, enforcedAt: null },
      { id: next.id, isActive: true, enforcedAt: expect.any(Date) },
    ])
    expect(await signIn(people.member.email)).toBe('sso_required')
    expect(await signIn(owner.email)).toBe('in')
    await removeSsoConnection(owner, { id })
  })

  test('a domain that is verified then counts at once: passwords shut and sessions end', async () => {
    const { operator, owner, id, people, emailOf } = await ready()
    await enforceSso(owner, { id, password: PASSWORD })
    const email = await emailOf(people.guest)
    const domain = `${people.guest.userId.toLowerCase().replace('_', '-')}.example`
    await db().user.update({
      where: { id: people.guest.userId },
      data: { email: email.replace('example.com', domain) },
    })
    const open = await session(people.guest, 'password')
    await vouchForDomain(operator, { domain })
    expect(await isOpen(open)).toBe(false)
    expect(await signIn(email.replace('example.com', domain))).toBe('sso_required')
  })

  test('a lower plan changes nothing about it, and it can still be switched off', async () => {
    const { operator, owner, id, people } = await ready()
    await enforceSso(owner, { id, password: PASSWORD })
    await setPlan(operator, 'free')
    expect(await signIn(people.member.email)).toBe('sso_required')
    await unenforceSso(owner, { id, password: PASSWORD })
    expect(await signIn(people.member.email)).toBe('in')
  })
})
