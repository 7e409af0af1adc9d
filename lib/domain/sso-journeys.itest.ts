import { afterAll, describe, expect, test } from 'vitest'
import { closeIdp } from '../store/idp'
import { samlKey } from '../store/saml-key'
import { encryptAssertion, makeIdpKeys, responseXml, signXml } from '../store/testing/saml-idp'
import { samlStyles } from '../store/testing/saml-styles'
import { setSsoPilots } from './sso-connection-changes'
import { updateSsoConnection } from './sso-connection-edits'
import { listSsoConnections } from './sso-connections'
import { enforceSso } from './sso-enforcement'
import {
  answerOf,
  attemptsOf,
  begin,
  claimsOf,
  finish,
  post,
  refusedFor,
  type SamlCompany,
  samlCompany,
  sessionsOf,
} from './testing/sso-world'
import { auditOf } from './testing/tenants'

afterAll(closeIdp)

describe('signing in through SAML', () => {
  test('ends in an ordinary session of seven days in the organization, with a row in the log', async () => {
    const place = await samlCompany()
    const journey = await begin(place.email)
    expect(await post(answerOf(place, journey.requestId), journey.relay)).toEqual({
      flowId: journey.id,
      state: null,
    })
    expect(await sessionsOf(place.organizationId)).toBe(0)
    const finished = await finish(journey)
    expect(finished).toMatchObject({
      kind: 'signed_in',
      session: { org: place.organizationId },
      returnTo: '/agents',
    })
    expect(await sessionsOf(place.organizationId)).toBe(1)
    expect(await attemptsOf(place.organizationId)).toBe(1)
    const actions = (await auditOf(place.organizationId)).map(({ action }) => action)
    expect(actions).toContain('member.joined_by_sso')
  })

  test('shows as much as a test of exactly that configuration; an answer whose person is not let in shows nothing', async () => {
    const place = await samlCompany()
    const { operator, connection } = place
    const tested = async () => (await listSsoConnections(operator))[0]?.testedAt
    const signIn = async () => {
      const journey = await begin(place.email)
      await post(answerOf(place, journey.requestId), journey.relay)
      return finish(journey)
    }
    await setSsoPilots(operator, { id: connection.id, userIds: [place.admin.userId] })
    expect(await refusedFor(signIn())).toMatchObject({ failed: ['pilot'] })
    expect(await tested()).toBeNull()
    await setSsoPilots(operator, { id: connection.id, userIds: [] })
    await signIn()
    expect(await tested()).not.toBeNull()
    await updateSsoConnection(operator, { id: connection.id, idp_initiated: true })
    expect(await tested()).toBeNull()
    await signIn()
    expect((await enforceSso(operator, { id: connection.id })).connection.enforcedAt).not.toBeNull()
  })

  test('takes either of two certificates during a roll-over', async () => {
    const next = makeIdpKeys()
    const place = await samlCompany({ more: [next] })
    for (const keys of [place.keys, next]) {
      const journey = await begin(place.email)
      await post(answerOf({ ...place, keys }, journey.requestId), journey.relay)
      expect((await finish(journey)).kind).toBe('signed_in')
    }
  })

  test.each(samlStyles)('takes the answers of $name', async ({ write, emailAttribute }) => {
    const place = await samlCompany({ email_attribute: emailAttribute })
    const journey = await begin(place.email)
    await post(write(claimsOf(place, journey.requestId), place.keys), journey.relay)
    expect((await finish(journey)).kind).toBe('signed_in')
  })
})

const GCM = 'http://www.w3.org/2009/xmlenc11#'
const XENC = 'http://www.w3.org/2001/04/xmlenc#'

describe('an encrypted assertion', () => {
  type Sign = (place: SamlCompany, xml: string, certificate: string, algorithm?: string) => Promise<string>
  const inside: Sign = (place, xml, certificate, algorithm) =>
    encryptAssertion(signXml(xml, { keys: place.keys }), { certificate, algorithm })
  const outside: Sign = async (place, xml, certificate, algorithm) =>
    signXml(await encryptAssertion(xml, { certificate, algorithm }), { keys: place.keys, what: 'response' })
  const both: Sign = async (place, xml, certificate, algorithm) =>
    signXml(await inside(place, xml, certificate, algorithm), { keys: place.keys, what: 'response' })

  test.each([
    ['signed and then encrypted', inside, `${GCM}aes256-gcm`],
    ['signed and then encrypted', inside, `${GCM}aes128-gcm`],
    ['signed and then encrypted', inside, `${XENC}aes256-cbc`],
    ['signed and then encrypted', inside, `${XENC}aes128-cbc`],
    ['in a signed response', outside, `${GCM}aes256-gcm`],
    ['signed, in a signed response', both, `${GCM}aes256-gcm`],
  ])('is taken: %s (%#)', async (_, sign, algorithm) => {
    const place = await samlCompany()
    const { certificate } = await samlKey()
    const journey = await begin(place.email)
    const plain = responseXml(claimsOf(place, journey.requestId))
    const xml = await sign(place, plain, certificate, algorithm)
    expect(xml).not.toContain(place.email)
    await post(xml, journey.relay)
    expect((await finish(journey)).kind).toBe('signed_in')
  })

  const other = makeIdpKeys().der
  const refused: [
    string,
    string[],
    (place: SamlCompany, plain: string, certificate: string) => Promise<string>,
  ][] = [
    ['for somebody else', ['encryption'], (place, plain) => inside(place, plain, other)],
    [
      'with Triple DES',
      ['encryption'],
      (place, plain, certificate) => inside(place, plain, certificate, `${XENC}tripledes-cbc`),
    ],
    [
      'with its key in PKCS #1 1.5',
      ['encryption'],
      (place, plain, certificate) =>
        encryptAssertion(signXml(plain, { keys: place.keys }), {
          certificate,
          keyAlgorithm: `${XENC}rsa-1_5`,
        }),
    ],
    [
      'and changed',
      ['encryption'],
      async (place, plain, certificate) =>
        (await inside(place, plain, certificate)).replace(
          /<xenc:CipherValue>(?!.*<xenc:CipherValue>)..../s,
          '$&AAAA',
        ),
    ],
    ['signed by nobody', ['encryption'], (_, plain, certificate) => encryptAssertion(plain, { certificate })],
    [
      'beside one in the clear',
      ['assertion'],
      async (place, plain, certificate) => {
        const clear = signXml(plain, { keys: place.keys })
        const [encrypted = ''] = /<saml:EncryptedAssertion.*<\/saml:EncryptedAssertion>/s.exec(
          await inside(place, plain, certificate),
        ) ?? ['']
        return clear.replace('</samlp:Response>', `${encrypted}</samlp:Response>`)
      },
    ],
  ]
  test.each(refused)('is refused: %s', async (_, failed, write) => {
    const place = await samlCompany()
    const { certificate } = await samlKey()
    const journey = await begin(place.email)
    const xml = await write(place, responseXml(claimsOf(place, journey.requestId)), certificate)
    expect(await refusedFor(post(xml, journey.relay))).toEqual({ code: 'sso_invalid_assertion', failed })
  })
})
