import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AddSsoConnectionInput } from '../core/sso-schemas'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db, inTransaction } from '../store/db'
import {
  activateSsoConnection,
  addSsoConnection,
  removeSsoConnection,
  setSsoPilots,
} from './sso-connection-changes'
import { updateSsoConnection } from './sso-connection-edits'
import { findConnection, listSsoConnections, noteTested, takeTurns } from './sso-connections'
import {
  addSaml,
  certificate,
  type IdpDocuments,
  metadataXml,
  passTest,
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

describe('changing', () => {
  test('what is left out stays, and the audit log has before and after', async () => {
    const { organization, operator } = await ssoTenant()
    const { id } = await addSaml(operator, { email_attribute: 'mail' })
    const changed = await updateSsoConnection(operator, {
      id,
      name: 'Acme',
      email_attribute: null,
      name_attribute: 'displayName',
      certificates: [certificate('first'), certificate('second')],
    })
    expect(changed).toMatchObject({
      name: 'Acme',
      emailAttribute: null,
      nameAttribute: 'displayName',
      entityId: 'https://idp.example.com/metadata',
      certificates: [{}, {}],
    })
    const row = (await history(organization.id)).at(-1)
    expect(row).toMatchObject({ action: 'sso.connection_changed', targetId: id })
    expect(row?.before).toMatchObject({
      name: 'SAML',
      emailAttribute: 'mail',
      certificates: [expect.any(String)],
    })
    expect(row?.after).toMatchObject({ name: 'Acme', emailAttribute: null, nameAttribute: 'displayName' })
  })

  test('fields of the other protocol, both sources at once and unusable certificates are refused', async () => {
    const { operator } = await ssoTenant()
    const [saml, other] = [await addSaml(operator), await addSsoConnection(operator, oidc())]
    const change = (id: string, changes: object) =>
      fieldsOf(updateSsoConnection(operator, { id, ...changes }))
    expect(await change(saml.id, { client_secret: 'x' })).toBe('client_secret')
    expect(await change(other.id, { idp_initiated: true })).toBe('idp_initiated')
    expect(await change(saml.id, { certificates: ['AAAA'] })).toBe('certificates')
    const both = { metadata_xml: metadataXml(), certificates: [certificate('first')] }
    expect(await change(saml.id, both)).toBe('certificates')
  })

  test.each<[string, (id: string) => Parameters<typeof updateSsoConnection>[1], boolean]>([
    ['name', (id) => ({ id, name: 'Other' }), true],
    ['the same metadata', (id) => ({ id, metadata_xml: metadataXml() }), true],
    ['certificates', (id) => ({ id, certificates: [certificate('first'), certificate('second')] }), false],
    ['entity id', (id) => ({ id, metadata_xml: metadataXml({ entityId: 'https://b.example' }) }), false],
    ['address', (id) => ({ id, metadata_xml: metadataXml({ ssoUrl: 'https://b.example/' }) }), false],
    ['e-mail mapping', (id) => ({ id, email_attribute: 'mail' }), false],
    ['name mapping', (id) => ({ id, name_attribute: 'cn' }), false],
    ['IdP-initiated', (id) => ({ id, idp_initiated: true }), false],
  ])('a passed test counts after a change of %s or not', async (_what, change, counts) => {
    const { organization, operator } = await ssoTenant()
    const { id } = await addSaml(operator)
    await passTest(organization.id, id)
    const { testedAt } = await updateSsoConnection(operator, change(id))
    expect(testedAt !== null).toBe(counts)
  })

  test('a test that passed with one client secret counts not for the next', async () => {
    const { organization, operator } = await ssoTenant()
    const { id } = await addSsoConnection(operator, oidc())
    await passTest(organization.id, id)
    expect((await listSsoConnections(operator))[0]?.testedAt).not.toBeNull()
    expect((await updateSsoConnection(operator, { id, client_secret: SECRET })).testedAt).toBeNull()
  })

  test('a test that was under way during a change is not noted, one during a change of pilots is', async () => {
    const { organization, operator, join } = await ssoTenant()
    const { id } = await addSaml(operator)
    const asItWas = await findConnection(organization.id, id)
    await setSsoPilots(operator, { id, userIds: [(await join('member')).userId] })
    await noteTested(asItWas, new Date())
    expect((await listSsoConnections(operator))[0]?.testedAt).not.toBeNull()
    await updateSsoConnection(operator, { id, idp_initiated: true })
    await noteTested(asItWas, new Date())
    expect((await listSsoConnections(operator))[0]?.testedAt).toBeNull()
  })

  test('the second of two changes at once is refused where it was made of what no longer is', async () => {
    const { organization, operator } = await ssoTenant()
    const { id } = await addSaml(operator)
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let holding: Promise<void> = held
    await new Promise<void>((locked) => {
      holding = inTransaction(async (tx) => {
        await takeTurns(tx, organization.id)
        locked()
        await held
      })
    })
    const changes = [
      updateSsoConnection(operator, { id, email_attribute: 'mail' }),
      updateSsoConnection(operator, { id, idp_initiated: true }),
    ]
    const settled = Promise.allSettled(changes)
    await expect
      .poll(
        () => db().$queryRaw<unknown[]>`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
      )
      .toHaveLength(2)
    release()
    await holding
    const outcomes = await settled
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'conflict' },
    })
  })

  test('nothing is changed where the audit row cannot be written', async () => {
    const { operator, organization } = await ssoTenant()
    const { id } = await addSaml(operator)
    const broken = { ...operator, requestId: 'a\u0000b' }
    await expect(updateSsoConnection(broken, { id, name: 'Other' })).rejects.toThrow()
    await expect(removeSsoConnection(broken, { id })).rejects.toThrow()
    await expect(activateSsoConnection(broken, { id, active: false })).rejects.toThrow()
    await expect(setSsoPilots(broken, { id, userIds: [] })).rejects.toThrow()
    await expect(addSaml(broken)).rejects.toThrow()
    expect(await listSsoConnections(operator)).toMatchObject([{ id, name: 'SAML', isActive: true }])
    expect(await history(organization.id)).toHaveLength(1)
  })
})

test('pilots are members of the organization', async () => {
  const { operator, join } = await ssoTenant()
  const { id } = await addSaml(operator)
  const { userId } = await join('member')
  const pilots = await setSsoPilots(operator, { id, userIds: [userId, userId] })
  expect(pilots.pilotUserIds).toEqual([userId])
  const stranger = await (await ssoTenant()).join('member')
  await expect(setSsoPilots(operator, { id, userIds: [stranger.userId] })).rejects.toMatchObject({
    code: 'not_found',
  })
})
