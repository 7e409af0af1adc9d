import { afterAll, describe, expect, test } from 'vitest'
import type { Role, UserPrincipal } from '../core/principal'
import { db, inTransaction } from '../store/db'
import { closeIdp } from '../store/idp'
import { vouchForDomain } from './domain-proofs'
import { listDomains, removeDomain } from './domains'
import { inviteMember } from './invitations'
import { switchOrganization } from './organization-switch'
import { addMember } from './organizations'
import { findActiveSession, type StartedSession, startSession } from './sessions'
import { activateSsoConnection, setSsoPilots } from './sso-connection-changes'
import { enforceSso } from './sso-enforcement'
import { addSaml, passTest, ssoTenant } from './testing/sso-settings'
import {
  answerOf,
  begin,
  finish,
  fresh,
  origin,
  post,
  refusedFor,
  type SamlCompany,
  samlCompany,
} from './testing/sso-world'
import { auditOf, personOf } from './testing/tenants'

afterAll(closeIdp)

const PASSWORD = 'plover-quartz-mandolin-42'

async function insider(organizationId: string, role: Role, email: string): Promise<UserPrincipal> {
  const person = await personOf(organizationId, role)
  await db().user.update({ where: { id: person.userId }, data: { email } })
  return person
}

/** A journey of the company's identity provider that speaks of a subject with an address. */
async function arrive(place: SamlCompany, email: string, subject = email) {
  const journey = await begin(email)
  await post(
    answerOf(place, journey.requestId, { nameId: subject, attributes: { mail: email } }),
    journey.relay,
  )
  return finish(journey)
}

async function sessionFrom(arrival: ReturnType<typeof arrive>): Promise<StartedSession> {
  const finished = await arrival
  if (finished.kind !== 'signed_in') throw new Error(finished.kind)
  return finished.session
}

const why = async ({ sub: userId, sid: sessionId }: StartedSession) => {
  const found = await findActiveSession({ userId, sessionId, issuedAt: 0 })
  return 'ended' in found ? found.ended : 'active'
}

const by = (person: UserPrincipal, { sid }: StartedSession) => ({ ...person, sessionId: sid })

/** An organization that enforces SSO for a domain. */
async function enforcing(domain: string) {
  const { organization, operator } = await ssoTenant()
  await vouchForDomain(operator, { domain })
  const { id } = await addSaml(operator)
  await passTest(organization.id, id)
  await enforceSso(operator, { id })
  return { organization, operator, id }
}

describe('an identity provider whose organization lost a domain', () => {
  test('opens no account of that domain any more, though it knows the subject and asserts an address that it has', async () => {
    const place = await samlCompany({ email_attribute: 'mail' })
    await insider(place.organizationId, 'member', place.email)
    expect((await arrive(place, place.email, 'subject-1')).kind).toBe('signed_in')
    for (const { id } of await listDomains(place.admin)) await removeDomain(place.admin, { id })
    const other = `e${fresh()}.example`
    await vouchForDomain(place.operator, { domain: other })
    const refused = await refusedFor(arrive(place, `x@${other}`, 'subject-1'))
    expect(refused).toEqual({ code: 'sso_domain_not_allowed', failed: ['domain'] })
  })

  test('leaves no session that moves into, or outlives, the Enforce of who has the domain now', async () => {
    const place = await samlCompany()
    const victim = await insider(place.organizationId, 'member', place.email)
    const session = await sessionFrom(arrive(place, place.email))
    const kept = await sessionFrom(arrive(place, place.email))
    for (const { id } of await listDomains(place.admin)) await removeDomain(place.admin, { id })
    const next = await enforcing(place.domain)
    const { userId } = victim
    await inTransaction((tx) =>
      addMember(tx, { organizationId: next.organization.id, userId, role: 'owner' }),
    )
    const target = { organizationId: next.organization.id }
    await expect(switchOrganization(by(victim, session), target)).rejects.toMatchObject({
      code: 'sso_required',
      message: expect.stringContaining('Log out'),
    })
    expect(await why(kept), 'it goes on where it began').toBe('active')
    await enforceSso(next.operator, { id: next.id })
    expect([await why(session), await why(kept)]).toEqual(['sso_enforced', 'sso_enforced'])
  })

  test('vouches for nobody when a domain is verified under an Enforce that stands', async () => {
    const place = await samlCompany()
    const victim = await insider(place.organizationId, 'member', place.email)
    const session = await sessionFrom(arrive(place, place.email))
    for (const { id } of await listDomains(place.admin)) await removeDomain(place.admin, { id })
    const next = await enforcing(`f${fresh()}.example`)
    const place2 = { organizationId: next.organization.id, userId: victim.userId, role: 'member' as const }
    await inTransaction((tx) => addMember(tx, place2))
    await vouchForDomain(next.operator, { domain: place.domain })
    expect(await why(session)).toBe('sso_enforced')
  })
})

describe('switching to an organization that enforces SSO', () => {
  test('is open to a session that its own identity provider vouched for, and to owners who break the glass', async () => {
    const place = await samlCompany()
    const member = await insider(place.organizationId, 'member', place.email)
    const owner = await insider(place.organizationId, 'owner', `owner@${place.domain}`)
    const elsewhere = (await ssoTenant()).organization.id
    for (const { userId } of [member, owner])
      await inTransaction((tx) => addMember(tx, { organizationId: elsewhere, userId, role: 'member' }))
    const own = await sessionFrom(arrive(place, place.email))
    await passTest(place.organizationId, place.connection.id)
    await enforceSso(owner, { id: place.connection.id, password: PASSWORD })
    const glass = await inTransaction((tx) =>
      startSession(
        tx,
        { userId: owner.userId, organizationId: elsewhere, role: 'member', method: 'password' },
        origin,
      ),
    )
    for (const [person, session] of [
      [member, own],
      [owner, glass],
    ] as const) {
      await switchOrganization(by(person, session), { organizationId: elsewhere })
      const moved = await switchOrganization(by(person, session), { organizationId: place.organizationId })
      expect(moved.org).toBe(place.organizationId)
    }
  })
})

describe('finishing', () => {
  test('looks at the connection as it is then: disabled, or piloted, meanwhile', async () => {
    const place = await samlCompany()
    const { id } = place.connection
    const member = await insider(place.organizationId, 'member', place.email)
    const begun = await begin(place.email)
    await post(answerOf(place, begun.requestId), begun.relay)
    await activateSsoConnection(place.operator, { id, active: false })
    expect((await refusedFor(finish(begun))).failed).toEqual(['configuration'])
    await activateSsoConnection(place.operator, { id, active: true })
    const { userId } = await insider(place.organizationId, 'member', `pilot@${place.domain}`)
    await setSsoPilots(place.operator, { id, userIds: [userId] })
    expect((await refusedFor(finish(begun))).failed).toEqual(['pilot'])
    await setSsoPilots(place.operator, { id, userIds: [member.userId] })
    expect((await finish(begun)).kind).toBe('signed_in')
  })

  test('is where pilots are told from others: the way there is the same for everybody of the domain', async () => {
    const place = await samlCompany()
    const pilot = await insider(place.organizationId, 'member', place.email)
    await setSsoPilots(place.operator, { id: place.connection.id, userIds: [pilot.userId] })
    const others = `nobody@${place.domain}`
    const [one, other] = [await begin(place.email), await begin(others)]
    expect(new URL(other.url).host).toBe(new URL(one.url).host)
    expect((await arrive(place, place.email)).kind).toBe('signed_in')
    const refused = await refusedFor(arrive(place, others))
    expect(refused).toEqual({ code: 'sso_invalid_assertion', failed: ['pilot'] })
    expect(await db().user.count({ where: { email: others } })).toBe(0)
  })

  test('gives a new person the role that they were invited with, and uses the invitation up', async () => {
    const place = await samlCompany()
    await inviteMember(place.operator, { email: place.email, role: 'admin' })
    const session = await sessionFrom(arrive(place, place.email))
    const { organizationId } = place
    const where = { organizationId_userId: { organizationId, userId: session.sub } }
    expect(await db().membership.findUnique({ where })).toMatchObject({ role: 'admin' })
    const [invitation] = await db().invitation.findMany({ where: { organizationId } })
    expect(invitation?.acceptedAt).not.toBeNull()
    const joined = (await auditOf(organizationId)).filter(({ targetId }) => targetId === session.sub)
    expect(joined.map(({ action }) => action)).toEqual(['member.joined', 'member.joined_by_sso'])
    expect(joined[1]?.after).toMatchObject({ role: 'admin', invitation: invitation?.id })
  })
})

describe('a break-glass that was proved', () => {
  test.each([
    ['made an admin', (where: object) => db().membership.updateMany({ where, data: { role: 'admin' } })],
    ['removed', (where: object) => db().membership.deleteMany({ where })],
  ])('is gone when the owner is %s, and stays gone when they come back', async (_, change) => {
    const { organization, operator, insider: join } = await ssoTenant()
    const owner = await join('owner')
    // Somebody stays an owner.
    await join('owner')
    const { id } = await addSaml(operator)
    await passTest(organization.id, id)
    await enforceSso(owner, { id, password: PASSWORD })
    const glass = async () =>
      (await db().ssoConnection.findUniqueOrThrow({ where: { id } })).breakGlassUserIds
    expect(await glass()).toEqual([owner.userId])
    await change({ organizationId: organization.id, userId: owner.userId })
    expect(await glass()).toEqual([])
  })
})
