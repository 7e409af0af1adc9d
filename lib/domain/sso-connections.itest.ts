import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TwigError } from '../core/errors'
import { AddSsoConnectionInput } from '../core/sso-schemas'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { captureLog } from '../store/testing/captured-log'
import { setPlan } from './plans'
import {
  activateSsoConnection,
  addSsoConnection,
  removeSsoConnection,
  setSsoPilots,
} from './sso-connection-changes'
import { updateSsoConnection } from './sso-connection-edits'
import { findConnection, listSsoConnections, openOidcConnection } from './sso-connections'
import { previewEnforcement } from './sso-enforcement'
import { beginSsoTest } from './sso-flows'
import { previewSsoIssuer, previewSsoMetadata } from './sso-previews'
import {
  addSaml,
  certificate,
  type IdpDocuments,
  metadataXml,
  ssoTenant,
  startIdpDocuments,
} from './testing/sso-settings'
import { auditOf } from './testing/tenants'

const SECRET = 'client-s3cret-9f8e7d6c5b4a'

let idp: IdpDocuments
beforeAll(async () => {
  idp = await startIdpDocuments()
  setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
})
afterAll(async () => {
  restoreEnvironment()
  await idp.close()
})

const oidc = (changes: Record<string, unknown> = {}) =>
  AddSsoConnectionInput.parse({
    kind: 'oidc',
    discovery_url: `${idp.url}/.well-known/openid-configuration`,
    client_id: 'twig',
    client_secret: SECRET,
    ...changes,
  })

const fieldsOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code?: string; details?: { fields?: object } }) =>
      error.details?.fields ? Object.keys(error.details.fields).join() : error.code,
  )

const history = async (organizationId: string) =>
  (await auditOf(organizationId)).filter(({ action }) => action.startsWith('sso.'))

describe('who may', () => {
  test('every change needs an admin of the organization, and all but removing the Enterprise plan', async () => {
    const { organization, operator, join } = await ssoTenant()
    const [admin, member] = [await join('admin'), await join('member')]
    const { id } = await addSaml(admin)
    const changes = (principal: typeof admin): Array<() => Promise<unknown>> => [
      () => addSaml(principal),
      () => updateSsoConnection(principal, { id, name: 'Other' }),
      () => previewSsoMetadata(principal, { metadata_xml: metadataXml() }),
      () => previewSsoIssuer(principal, { discovery_url: idp.url }),
    ]
    const others: Array<() => Promise<unknown>> = [
      () => activateSsoConnection(member, { id, active: false }),
      () => setSsoPilots(member, { id, userIds: [] }),
      () => removeSsoConnection(member, { id }),
      () => listSsoConnections(member),
      () => previewEnforcement(member, { id }),
      () => beginSsoTest(member, { id }),
    ]
    for (const refused of [...changes(member), ...others])
      await expect(refused()).rejects.toMatchObject({ code: 'insufficient_role' })
    await setPlan(operator, 'pro')
    for (const refused of changes(admin))
      await expect(refused()).rejects.toMatchObject({ code: 'plan_required' })
    await activateSsoConnection(admin, { id, active: false })
    await expect(activateSsoConnection(admin, { id, active: true })).rejects.toMatchObject({
      code: 'plan_required',
    })
    await removeSsoConnection(admin, { id })
    expect(await listSsoConnections(admin)).toEqual([])
    expect(await db().ssoConnection.count({ where: { organizationId: organization.id } })).toBe(0)
  })

  test('another organization’s connection is not there', async () => {
    const [mine, theirs] = [await ssoTenant(), await ssoTenant()]
    const { id } = await addSaml(theirs.operator)
    const attempts: Array<() => Promise<unknown>> = [
      () => updateSsoConnection(mine.operator, { id, name: 'Other' }),
      () => activateSsoConnection(mine.operator, { id, active: false }),
      () => setSsoPilots(mine.operator, { id, userIds: [] }),
      () => removeSsoConnection(mine.operator, { id }),
      () => previewEnforcement(mine.operator, { id }),
      () => beginSsoTest(mine.operator, { id }),
    ]
    for (const refused of attempts) await expect(refused()).rejects.toMatchObject({ code: 'not_found' })
    expect(await listSsoConnections(theirs.operator)).toMatchObject([{ id, name: 'SAML', isActive: true }])
  })
})

describe('adding', () => {
  test('the first connection is the active one; each change is in the audit log with what it was about', async () => {
    const { organization, operator, join } = await ssoTenant()
    const admin = await join('admin')
    const first = await addSaml(admin, { provider: 'okta' })
    const second = await addSaml(operator, { name: 'Second', idp_initiated: true })
    expect(first).toMatchObject({
      name: 'Okta',
      isActive: true,
      entityId: 'https://idp.example.com/metadata',
    })
    expect(first.certificates).toMatchObject([
      { fingerprint: expect.stringMatching(/^(?:[0-9A-F]{2}:){31}/) },
    ])
    expect(second).toMatchObject({ isActive: false, idpInitiated: true, testedAt: null, enforcedAt: null })
    await activateSsoConnection(admin, { id: second.id, active: true })
    await removeSsoConnection(admin, { id: first.id })
    const rows = await history(organization.id)
    expect(rows.map(({ action, actorKind, targetId }) => [action, actorKind, targetId])).toEqual([
      ['sso.connection_added', 'user', first.id],
      ['sso.connection_added', 'operator', second.id],
      ['sso.connection_activated', 'user', second.id],
      ['sso.connection_removed', 'user', first.id],
    ])
    expect(rows[0]?.after).toMatchObject({ provider: 'okta', entityId: first.entityId, active: true })
  })

  test('what cannot be a connection is refused with the field, and nothing is kept', async () => {
    const { organization, operator } = await ssoTenant()
    const added = (changes: Record<string, unknown>) => fieldsOf(addSaml(operator, changes))
    expect(await added({ metadata_xml: '<a/>' })).toBe('metadata_xml')
    expect(await added({ metadata_xml: undefined })).toBe('metadata_xml')
    expect(await added({ metadata_url: 'http://10.0.0.1/metadata' })).toBe('metadata_url')
    expect(await added({ metadata_xml: metadataXml({ certificates: ['AAAA'] }) })).toBe('metadata_xml')
    expect(await added({ metadata_xml: metadataXml({ ssoUrl: 'javascript:alert(1)' }) })).toBe('metadata_xml')
    idp.serve(404)
    expect(await added({ metadata_url: `${idp.url}/metadata` })).toBe('metadata_url')
    idp.serve(metadataXml())
    const add = (changes: Record<string, unknown>) => fieldsOf(addSsoConnection(operator, oidc(changes)))
    expect(await add({ discovery_url: `${idp.url}/metadata` })).toBe('discovery_url')
    expect(await add({ discovery_url: 'not an address' })).toBe('discovery_url')
    expect(await history(organization.id)).toEqual([])
    expect(await listSsoConnections(operator)).toEqual([])
  })

  test('an organization has at most ten, however many are added at once', async () => {
    const { operator } = await ssoTenant()
    /** Whoever waits too long for the others is told to come again. */
    const add = async (): Promise<unknown> => {
      const outcome = await addSaml(operator).catch((error: unknown) => error)
      if (!(outcome instanceof Error)) return outcome
      if (outcome instanceof TwigError && outcome.status !== 503) throw outcome
      return add()
    }
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, add))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    const all = await listSsoConnections(operator)
    expect(all.filter(({ isActive }) => isActive)).toHaveLength(1)
  })
})

describe('a preview', () => {
  test('shows entity id, address and certificates of a document or an address, and keeps nothing', async () => {
    const { operator } = await ssoTenant()
    idp.serve(metadataXml({ certificates: [certificate('first'), certificate('second')] }))
    const shown = await previewSsoMetadata(operator, { metadata_url: `${idp.url}/metadata` })
    expect(shown).toMatchObject({
      entityId: 'https://idp.example.com/metadata',
      ssoUrl: 'https://idp.example.com/sso',
      certificates: [
        { subject: 'CN=localhost', validFrom: new Date('2020-01-01T00:00:00Z'), validTo: expect.any(Date) },
        { fingerprint: expect.any(String) },
      ],
    })
    idp.serve(metadataXml())
    expect(await previewSsoMetadata(operator, { metadata_xml: metadataXml() })).toMatchObject({
      certificates: [{}],
    })
    const address = `${idp.url}/.well-known/openid-configuration`
    expect(await previewSsoIssuer(operator, { discovery_url: address })).toEqual({ issuer: idp.url })
    expect(await listSsoConnections(operator)).toEqual([])
  })
})

describe('a client secret', () => {
  test('is sealed for its row and its issuer, and stands nowhere else: answers, audit, log, other columns', async () => {
    const log = captureLog()
    onTestFinished(log.end)
    const { organization, operator } = await ssoTenant()
    const added = await addSsoConnection(operator, oidc())
    const changed = await updateSsoConnection(operator, { id: added.id, client_secret: `${SECRET}-next` })
    const row = await findConnection(organization.id, added.id)
    expect((await openOidcConnection(row)).clientSecret).toBe(`${SECRET}-next`)
    const everything = await db().ssoConnection.findMany({
      where: { id: added.id },
      omit: { sealedClientSecret: false },
    })
    const audit = await auditOf(organization.id)
    const places = {
      added,
      changed,
      listed: await listSsoConnections(operator),
      everything,
      audit,
      log: log.text(),
    }
    for (const [place, value] of Object.entries(places)) {
      expect(JSON.stringify(value), place).not.toContain(SECRET)
      expect(JSON.stringify(value), place).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 20))
    }
    expect(everything[0]?.sealedClientSecret).toMatch(/^v1\./)
    await db().ssoConnection.update({ where: { id: added.id }, data: { issuer: 'https://evil.example' } })
    await expect(openOidcConnection(row)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('is asked for again where issuer or client become others; kept otherwise', async () => {
    const { organization, operator } = await ssoTenant()
    const { id } = await addSsoConnection(operator, oidc())
    const change = (changes: Record<string, unknown>) =>
      fieldsOf(updateSsoConnection(operator, { id, ...changes }))
    expect(await change({ client_id: 'other' })).toBe('client_secret')
    expect(await change({ discovery_url: `${idp.url}/tenant` })).toBe('client_secret')
    expect(await change({ discovery_url: idp.url })).toBe('done')
    expect(await change({ discovery_url: `${idp.url}/tenant`, client_secret: 'another-secret' })).toBe('done')
    const open = await openOidcConnection(await findConnection(organization.id, id))
    expect(open).toEqual({ issuer: `${idp.url}/tenant`, clientId: 'twig', clientSecret: 'another-secret' })
  })
})
