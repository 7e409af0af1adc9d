import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { closeIdp } from '../store/idp'
import { samlKey } from '../store/saml-key'
import { encryptAssertion, makeIdpKeys, responseXml, signXml } from '../store/testing/saml-idp'
import { type SocialOp, startSocialOp } from '../store/testing/social-op'
import { addSsoConnection } from './sso-connection-changes'
import {
  answerOf,
  begin,
  claimsOf,
  company,
  finish,
  post,
  refusedFor,
  type SamlCompany,
  samlCompany,
} from './testing/sso-world'

let op: SocialOp
beforeAll(async () => {
  setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
  op = await startSocialOp()
})
afterEach(() => op.behave())
afterAll(async () => {
  restoreEnvironment()
  await op.close()
  await closeIdp()
})

const CBC = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'
const ENCRYPTED = /<saml:EncryptedAssertion[\s\S]*<\/saml:EncryptedAssertion>/

/** An encrypted assertion of somebody's answer, as whoever saw it pass by has it. */
async function captured(victim: SamlCompany, isSigned: boolean, requestId: string | null = '_theirs') {
  const plain = responseXml(claimsOf(victim, requestId))
  const { certificate } = await samlKey()
  const xml = isSigned ? signXml(plain, { keys: victim.keys }) : plain
  return ENCRYPTED.exec(await encryptAssertion(xml, { certificate, algorithm: CBC }))?.[0] ?? ''
}

/** What stands in the log of whoever put it into an answer of theirs. */
async function loggedOf(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (error: { details: { reference: string } }) => error,
  )
  return db().ssoAttempt.findUniqueOrThrow({ where: { id: `${error?.details.reference}` } })
}

const without = (place: SamlCompany, requestId: string | null, inside: string) =>
  responseXml(claimsOf(place, requestId), inside)

describe('an encrypted assertion of another organization', () => {
  test('tells whoever captured it nothing: not what it says, nor whether it opens', async () => {
    const [victim, thief] = [await samlCompany(), await samlCompany()]
    const theirs = await captured(victim, true)
    const values = /<xenc:CipherValue>(?!.*<xenc:CipherValue>)([^<]*)/s
    const variants = [
      theirs,
      theirs.replace(values, (found, text: string) =>
        found.replace(text, `${text.slice(0, -24)}${'A'.repeat(22)}==`),
      ),
      theirs.replace(/<e:EncryptedKey[\s\S]*?CipherValue>..../, '$&AAAA'),
      theirs.replace(/(<(?:xenc|e):CipherValue>)..../, '$1AAAA'),
    ]
    const rows = []
    for (const inside of variants) {
      const { relay, requestId } = await begin(thief.email)
      rows.push(await loggedOf(post(without(thief, requestId, inside), relay)))
    }
    const [first] = rows
    for (const { checks, email, organizationId } of rows) {
      expect(organizationId).toBe(thief.organizationId)
      expect(email).toBeNull()
      const shown = (checks as Array<{ check: string }>).filter(({ check }) => check !== 'in_response_to')
      expect(shown).toEqual(
        ((first?.checks ?? []) as Array<{ check: string }>).filter(({ check }) => check !== 'in_response_to'),
      )
      expect(JSON.stringify(checks)).not.toContain(victim.domain)
      expect(JSON.stringify(checks)).toContain('does not open, or is not signed by this identity provider')
    }
  })

  test('stays shut in a response that the thief signed, in the name of the same identity provider too', async () => {
    const victim = await samlCompany()
    const keys = makeIdpKeys()
    const own = await samlCompany({ keys, idp_initiated: true })
    await db().ssoConnection.update({ where: { id: own.connection.id }, data: { entityId: victim.issuer } })
    const thief = { ...own, issuer: victim.issuer }
    for (const isSigned of [true, false]) {
      for (const request of ['_theirs', null]) {
        const inside = await captured(victim, isSigned, request)
        const { relay, requestId } = await begin(thief.email)
        for (const [asked, by] of [
          [requestId, relay],
          [null, null],
        ] as const) {
          const around = signXml(without(thief, asked, inside), { keys, what: 'response' })
          const { checks, email, organizationId } = await loggedOf(post(around, by))
          expect(JSON.stringify({ checks, email })).not.toContain(`${victim.domain.slice(0, 8)}@`)
          expect(JSON.stringify({ checks, email })).not.toContain(victim.email)
          expect(JSON.stringify(checks)).not.toContain('_theirs')
          expect([thief.organizationId, victim.organizationId]).toContain(organizationId)
        }
      }
    }
  })

  test('is told of in full where the connection’s own identity provider signed it', async () => {
    const place = await samlCompany()
    const { relay, requestId } = await begin(place.email)
    const { certificate } = await samlKey()
    const plain = responseXml(claimsOf(place, requestId, { audience: 'https://other.example' }))
    const xml = await encryptAssertion(signXml(plain, { keys: place.keys }), { certificate })
    const { checks } = await loggedOf(post(xml, relay))
    expect(JSON.stringify(checks)).toContain('https://other.example')
  })

  test('finds its organization though twelve others name the same identity provider', async () => {
    const place = await samlCompany({ idp_initiated: true })
    for (let other = 0; other < 12; other += 1) {
      const { connection } = await samlCompany({ idp_initiated: true })
      const createdAt = new Date(place.connection.createdAt.getTime() - 1000)
      await db().ssoConnection.update({
        where: { id: connection.id },
        data: { entityId: place.issuer, createdAt },
      })
    }
    const { certificate } = await samlKey()
    const xml = await encryptAssertion(answerOf(place, null), { certificate })
    const { flowId, state } = await post(xml, null)
    expect((await finish({ id: flowId, state: state ?? '' }, true)).kind).toBe('signed_in')
  })
})

describe('a stranger who cannot be sent on', () => {
  async function oidcCompany() {
    const place = await company()
    const { id: client_id, secret: client_secret } = op.client
    const input = {
      kind: 'oidc',
      provider: 'oidc',
      discovery_url: op.issuer,
      client_id,
      client_secret,
    } as const
    return { ...place, connection: await addSsoConnection(place.operator, input) }
  }

  test('learns nothing of why: a client secret that cannot be read', async () => {
    const { domain, connection } = await oidcCompany()
    await db().ssoConnection.update({
      where: { id: connection.id },
      data: { clientId: 'other', issuer: `${op.issuer}/x` },
    })
    const work = begin(`ada@${domain}`)
    await expect(work).rejects.not.toThrow(/secret|decrypt/)
    expect(await refusedFor(work)).toEqual({ code: 'sso_unavailable', failed: ['client_secret'] })
  })

  test('nor the library’s words for a provider that cannot be used', async () => {
    const { domain } = await oidcCompany()
    op.behave({ discovery: { issuer: 'https://evil.example' } })
    const work = begin(`ada@${domain}`)
    await expect(work).rejects.not.toThrow(/issuer|discovery|provider cannot/)
    expect(await refusedFor(work)).toEqual({ code: 'sso_unavailable', failed: ['discovery'] })
  })
})
