import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { updateSsoConnection } from './sso-connection-edits'
import { listSsoConnections } from './sso-connections'
import { remindOfCertificates, watchMetadata } from './sso-watch'
import { mailsTo } from './testing/outbox'
import {
  addSaml,
  certificate,
  type IdpDocuments,
  metadataXml,
  passTest,
  ssoTenant,
  startIdpDocuments,
  utcTime,
} from './testing/sso-settings'
import { auditOf } from './testing/tenants'

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS
const NOW = new Date()
const inDays = (days: number) => new Date(NOW.getTime() + days * DAY_MS)

let idp: IdpDocuments
beforeAll(async () => {
  idp = await startIdpDocuments()
  setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
})
afterAll(async () => {
  restoreEnvironment()
  await idp.close()
})

// Connections of other tests are none of this one's business.
beforeEach(async () => {
  await db().ssoConnection.deleteMany()
  idp.serve(metadataXml())
  idp.asked.length = 0
})

async function followed() {
  const { organization, operator, join } = await ssoTenant()
  const admin = await join('admin')
  const member = await join('member')
  const { id } = await addSaml(admin, { metadata_url: `${idp.url}/metadata` })
  await db().ssoConnection.update({ where: { id }, data: { metadataCheckedAt: NOW } })
  const addresses = await db().user.findMany({
    where: { id: { in: [admin.userId, member.userId] } },
    select: { id: true, email: true },
  })
  const addressOf = (userId: string) => addresses.find((user) => user.id === userId)?.email ?? ''
  const state = async () => {
    const [connection] = await listSsoConnections(admin)
    if (!connection) throw new Error('the connection is gone')
    return connection
  }
  return {
    organizationId: organization.id,
    operator,
    admin,
    id,
    state,
    mails: (kind: string) => mailsTo(addressOf(admin.userId), kind),
    mailsToMember: (kind: string) => mailsTo(addressOf(member.userId), kind),
  }
}

const plainText = (mail: string | undefined) => (mail ?? '').replaceAll(/=\r?\n/g, '')

describe('the metadata that a connection follows', () => {
  test('is fetched once a day, by one process however many look', async () => {
    const { state } = await followed()
    idp.asked.length = 0
    expect(await watchMetadata(inDays(0.9))).toBe(0)
    const looks = await Promise.all(Array.from({ length: 4 }, () => watchMetadata(inDays(1.1))))
    expect(looks.reduce((sum, count) => sum + count, 0)).toBe(1)
    expect(idp.asked).toEqual(['/metadata'])
    expect(await state()).toMatchObject({ metadataCheckedAt: inDays(1.1), metadataProblem: null })
  })

  test('a new certificate counts beside the old one at once; admins are told, and the audit log has both', async () => {
    const { organizationId, id, state, mails, mailsToMember } = await followed()
    await passTest(organizationId, id)
    idp.serve(metadataXml({ certificates: [certificate('second')] }))
    await watchMetadata(inDays(2))
    const { certificates, testedAt } = await state()
    expect(certificates).toHaveLength(2)
    expect(testedAt, 'a test counts for the certificates that it passed with').toBeNull()
    const audit = (await auditOf(organizationId)).find(({ action }) => action === 'sso.certificates_followed')
    expect(audit).toMatchObject({ actorKind: 'system', targetId: id })
    expect(audit?.after).toEqual({ certificates: certificates.map(({ fingerprint }) => fingerprint) })
    const [mail] = await mails('certificates-changed')
    expect(plainText(mail)).toContain(certificates[1]?.fingerprint)
    expect(await mailsToMember('certificates-changed')).toEqual([])
    await watchMetadata(inDays(4))
    expect(await mails('certificates-changed')).toHaveLength(1)
  })

  test('an old certificate that is no longer published goes when it has expired', async () => {
    const { admin, id, state, mails } = await followed()
    const short = certificate('short', utcTime(inDays(5)))
    await updateSsoConnection(admin, { id, certificates: [short] })
    await db().ssoConnection.update({
      where: { id },
      data: { metadataUrl: `${idp.url}/metadata`, metadataCheckedAt: NOW },
    })
    await watchMetadata(inDays(2))
    expect((await state()).certificates).toHaveLength(2)
    await watchMetadata(inDays(6))
    expect((await state()).certificates).toHaveLength(1)
    expect(plainText((await mails('certificates-changed'))[1])).toContain('expired and removed')
  })

  test('of another identity provider is a problem and changes nothing', async () => {
    const { state, organizationId } = await followed()
    idp.serve(
      metadataXml({ entityId: 'https://evil.example/metadata', certificates: [certificate('second')] }),
    )
    await watchMetadata(inDays(2))
    expect(await state()).toMatchObject({
      entityId: 'https://idp.example.com/metadata',
      metadataProblem: expect.stringContaining('another identity provider: https://evil.example/metadata'),
      certificates: [{}],
    })
    expect((await auditOf(organizationId)).map(({ action }) => action)).not.toContain(
      'sso.certificates_followed',
    )
  })

  test('a moved sign-in address is told and not followed; more than four certificates are not taken', async () => {
    const { state } = await followed()
    idp.serve(metadataXml({ ssoUrl: 'https://elsewhere.example/sso' }))
    await watchMetadata(inDays(2))
    expect(await state()).toMatchObject({
      ssoUrl: 'https://idp.example.com/sso',
      metadataProblem: expect.stringContaining('https://elsewhere.example/sso'),
    })
    const four = ['second', 'third', 'fourth', 'fifth'].map((name) => certificate(name))
    idp.serve(metadataXml({ certificates: four }))
    await watchMetadata(inDays(4))
    const after = await state()
    expect(after.certificates).toHaveLength(1)
    expect(after.metadataProblem).toContain('more than 4')
  })

  test('an address that fails is shown at once, asked again hourly, mailed after a day and once, and forgotten when it works', async () => {
    const { state, mails } = await followed()
    idp.serve(500)
    const begun = inDays(2)
    const atHour = (hours: number) => new Date(begun.getTime() + hours * HOUR_MS)
    await watchMetadata(begun)
    expect(await state()).toMatchObject({
      metadataProblem: 'The metadata address answers 500.',
      metadataFailingSince: begun,
    })
    expect(await watchMetadata(atHour(0.5))).toBe(0)
    expect(await watchMetadata(atHour(1.1))).toBe(1)
    await watchMetadata(atHour(23))
    expect(await mails('metadata-problem')).toEqual([])
    await watchMetadata(atHour(24.5))
    await watchMetadata(atHour(26))
    const [mail, ...more] = await mails('metadata-problem')
    expect(plainText(mail)).toContain('answers 500')
    expect(more).toEqual([])
    idp.serve(metadataXml())
    await watchMetadata(atHour(28))
    expect(await state()).toMatchObject({ metadataProblem: null, metadataFailingSince: null })
    idp.serve(404)
    await watchMetadata(atHour(60))
    await watchMetadata(atHour(85))
    expect(await mails('metadata-problem'), 'a second outage is another').toHaveLength(2)
  })

  test('goes through the outbound guard', async () => {
    const { state } = await followed()
    setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: undefined })
    idp.asked.length = 0
    await watchMetadata(inDays(2))
    setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
    expect(idp.asked).toEqual([])
    expect((await state()).metadataProblem).toContain('The metadata address')
  })

  test('is not believed where the connection was changed while it was fetched', async () => {
    const { admin, id, state } = await followed()
    let release = (_metadata: string): void => undefined
    idp.serve(
      new Promise((resolve) => {
        release = resolve
      }),
    )
    idp.asked.length = 0
    const watching = watchMetadata(inDays(2))
    await expect.poll(() => idp.asked).toEqual(['/metadata'])
    const changed = await updateSsoConnection(admin, {
      id,
      metadata_xml: metadataXml({ entityId: 'https://other.example/idp' }),
    })
    release(metadataXml({ certificates: [certificate('second')] }))
    await watching
    expect(changed.entityId).toBe('https://other.example/idp')
    const fingerprints = (await state()).certificates.map(({ fingerprint }) => fingerprint)
    expect(fingerprints).toEqual(changed.certificates.map(({ fingerprint }) => fingerprint))
  })
})

describe('a certificate that expires', () => {
  test('is told of 30, 7 and 1 days before and when it is over, each once, however many processes look', async () => {
    const { admin, id, mails, mailsToMember } = await followed()
    const end = inDays(100)
    await updateSsoConnection(admin, { id, certificates: [certificate('hundred', utcTime(end))] })
    const before = (days: number) => new Date(end.getTime() - days * DAY_MS)
    const told = async (days: number) => {
      const counts = await Promise.all([1, 2, 3].map(() => remindOfCertificates(before(days))))
      return counts.reduce((sum, count) => sum + count, 0)
    }
    expect(await told(31)).toBe(0)
    for (const days of [29, 28, 6, 5, 0.9, 0.5, -1, -2]) await told(days)
    const subjects = (await mails('certificate-expiry')).map((mail) => /^Subject: (.*)$/m.exec(mail)?.[1])
    expect(subjects).toEqual([
      'A certificate of SAML expires within 30 days',
      'A certificate of SAML expires within 7 days',
      'A certificate of SAML expires within a day',
      'A certificate of SAML has expired',
    ])
    expect(await mailsToMember('certificate-expiry')).toEqual([])
  })

  test('with a later one beside it is told of as harmless; one of a connection that nobody uses is not', async () => {
    const { admin, id, mails } = await followed()
    const short = certificate('ten', utcTime(inDays(10)))
    await updateSsoConnection(admin, { id, certificates: [short, certificate('first')] })
    await remindOfCertificates(NOW)
    const [mail] = await mails('certificate-expiry')
    expect(plainText(mail)).toContain('knows a later one beside it')
    await db().ssoConnection.update({ where: { id }, data: { activeFor: null, certificateNotices: [] } })
    expect(await remindOfCertificates(NOW)).toBe(0)
  })
})
