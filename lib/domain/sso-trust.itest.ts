import { afterAll, describe, expect, test } from 'vitest'
import type { Role, UserPrincipal } from '../core/principal'
import { writeIdpMetadata } from '../core/saml-metadata'
import { db } from '../store/db'
import { closeIdp } from '../store/idp'
import { makeIdpKeys } from '../store/testing/saml-idp'
import { inviteMember } from './invitations'
import { activateSsoConnection, addSsoConnection, removeSsoConnection } from './sso-connection-changes'
import { updateSsoConnection } from './sso-connection-edits'
import { enforceSso, unenforceSso } from './sso-enforcement'
import { beginSsoTest } from './sso-flows'
import { mailsTo } from './testing/outbox'
import { passTest } from './testing/sso-settings'
import {
  answerOf,
  begin,
  company,
  finish,
  post,
  refusedFor,
  type SamlCompany,
  samlCompany,
  withSecrets,
} from './testing/sso-world'
import { personOf } from './testing/tenants'

afterAll(closeIdp)

const REFUSED = { code: 'sso_invalid_assertion', failed: ['approval'] }

async function insider(organizationId: string, role: Role, email: string): Promise<UserPrincipal> {
  const person = await personOf(organizationId, role)
  await db().user.update({ where: { id: person.userId }, data: { email } })
  return person
}

async function arrive(place: SamlCompany, email: string) {
  const journey = await begin(email)
  await post(answerOf(place, journey.requestId, { nameId: email }), journey.relay)
  return finish(journey)
}

/** A company whose connection is of this principal's making. */
async function companyOf(choose: (place: Awaited<ReturnType<typeof company>>) => Promise<UserPrincipal>) {
  const place = await company()
  const keys = makeIdpKeys()
  const issuer = `https://${place.domain}/idp`
  const principal = await choose(place)
  const metadata_xml = writeIdpMetadata({
    entityId: issuer,
    ssoUrl: `${issuer}/sso`,
    certificates: [keys.der],
  })
  const input = { kind: 'saml', provider: 'saml', idp_initiated: false, metadata_xml } as const
  const connection = await addSsoConnection(principal, input)
  return { ...place, keys, issuer, connection, principal, email: `ada@${place.domain}` }
}

async function passAs(principal: UserPrincipal, place: SamlCompany) {
  const journey = await withSecrets(await beginSsoTest(principal, { id: place.connection.id }))
  await post(answerOf(place, journey.requestId), journey.relay)
  expect((await finish(journey)).kind).toBe('tested')
}

describe('an admin’s own identity provider', () => {
  test('signs in members, and owners and admins only when an owner has seen a test pass', async () => {
    const place = await companyOf(({ admin }) => Promise.resolve(admin))
    const { organizationId, domain, admin } = place
    const owner = await insider(organizationId, 'owner', `owner@${domain}`)
    await insider(organizationId, 'admin', `admin@${domain}`)
    await insider(organizationId, 'member', place.email)
    await passAs(admin, place)
    for (const name of ['owner', 'admin'])
      expect(await refusedFor(arrive(place, `${name}@${domain}`))).toEqual(REFUSED)
    expect((await arrive(place, place.email)).kind).toBe('signed_in')
    await passAs(owner, place)
    for (const name of ['owner', 'admin'])
      expect((await arrive(place, `${name}@${domain}`)).kind).toBe('signed_in')
  })

  test('makes nobody an owner or admin by an invitation', async () => {
    const place = await companyOf(({ admin }) => Promise.resolve(admin))
    await inviteMember(place.operator, { email: place.email, role: 'owner' })
    expect(await refusedFor(arrive(place, place.email))).toEqual(REFUSED)
    expect(await db().user.count({ where: { email: place.email } })).toBe(0)
  })

  test('is the owners’ when the operator activates it, though it is active already', async () => {
    const place = await companyOf(({ admin }) => Promise.resolve(admin))
    await insider(place.organizationId, 'owner', place.email)
    expect(await refusedFor(arrive(place, place.email))).toEqual(REFUSED)
    await activateSsoConnection(place.operator, { id: place.connection.id, active: true })
    expect((await arrive(place, place.email)).kind).toBe('signed_in')
  })
})

test('an owner who sets it up alone is signed in by it at once', async () => {
  const place = await companyOf(({ organizationId, domain }) =>
    insider(organizationId, 'owner', `ada@${domain}`),
  )
  expect((await arrive(place, place.email)).kind).toBe('signed_in')
})

test('a subject that is known opens an owner’s account no more once an admin has changed the configuration', async () => {
  const place = await samlCompany()
  const owner = await insider(place.organizationId, 'owner', place.email)
  const { id } = place.connection
  expect((await arrive(place, place.email)).kind).toBe('signed_in')
  const rogue = makeIdpKeys()
  const certificates = [place.keys.der, rogue.der]
  await updateSsoConnection(place.admin, { id, certificates })
  await updateSsoConnection(owner, { id, name: 'Renamed by an owner' })
  expect(await refusedFor(arrive({ ...place, keys: rogue }, place.email))).toEqual(REFUSED)
  await updateSsoConnection(place.admin, { id, certificates: [place.keys.der] })
  expect((await arrive(place, place.email)).kind, 'it is what the owner knew again').toBe('signed_in')
})

describe('while SSO is enforced', () => {
  test('an admin adds no certificate and gives no metadata; an owner adds the one and gives no other address', async () => {
    const place = await samlCompany()
    const { id } = place.connection
    const owner = await insider(place.organizationId, 'owner', place.email)
    await passTest(place.organizationId, id)
    await enforceSso(place.operator, { id })
    const certificates = [place.keys.der, makeIdpKeys().der]
    const { issuer: entityId, keys } = place
    const metadata_xml = writeIdpMetadata({
      entityId,
      ssoUrl: `${entityId}/sso`,
      certificates: [keys.der],
    })
    for (const changes of [{ certificates }, { metadata_xml }])
      await expect(updateSsoConnection(place.admin, { id, ...changes })).rejects.toMatchObject({
        code: 'insufficient_role',
      })
    await updateSsoConnection(place.admin, { id, name: 'Renamed' })
    await updateSsoConnection(owner, { id, certificates })
    await db().ssoConnection.update({ where: { id }, data: { metadataUrl: `${entityId}/metadata` } })
    await expect(updateSsoConnection(owner, { id, metadata_xml })).rejects.toMatchObject({ code: 'conflict' })
  })
})

test('another address of the metadata makes the test stale', async () => {
  const place = await samlCompany()
  const { id } = place.connection
  const data = { metadataUrl: `${place.issuer}/metadata` }
  await db().ssoConnection.update({ where: { id }, data })
  await passTest(place.organizationId, id)
  const { issuer: entityId, keys } = place
  const metadata_xml = writeIdpMetadata({ entityId, ssoUrl: `${entityId}/sso`, certificates: [keys.der] })
  expect((await updateSsoConnection(place.operator, { id, name: 'Other' })).testedAt).not.toBeNull()
  expect((await updateSsoConnection(place.operator, { id, metadata_xml })).testedAt).toBeNull()
})

test('all owners are told by mail of every change to whom sign-ins are entrusted, and of nothing else', async () => {
  const place = await samlCompany()
  const { id } = place.connection
  const owners = ['one', 'two'].map((name) => `${name}@${place.domain}`)
  for (const email of owners) await insider(place.organizationId, 'owner', email)
  await passTest(place.organizationId, id)
  await enforceSso(place.operator, { id })
  await unenforceSso(place.operator, { id })
  await updateSsoConnection(place.admin, { id, name: 'Renamed' })
  await updateSsoConnection(place.admin, { id, email_attribute: 'mail' })
  await activateSsoConnection(place.admin, { id, active: false })
  await activateSsoConnection(place.admin, { id, active: true })
  await removeSsoConnection(place.admin, { id })
  const words = ['the only way in', 'again', 'changed the connection', 'disabled', 'made', 'deleted']
  for (const email of owners) {
    const mails = await mailsTo(email, 'sso-changed')
    expect(mails).toHaveLength(words.length)
    for (const word of words)
      expect(
        mails.some((mail) => mail.includes(word)),
        word,
      ).toBe(true)
  }
  const { email } = await db().user.findUniqueOrThrow({ where: { id: place.admin.userId } })
  expect(await mailsTo(email, 'sso-changed')).toEqual([])
})
