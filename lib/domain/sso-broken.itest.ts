import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { closeIdp } from '../store/idp'
import {
  encryptAssertion,
  makeIdpKeys,
  responseXml,
  type SamlClaims,
  signXml,
} from '../store/testing/saml-idp'
import { type SocialMischief, type SocialOp, startSocialOp } from '../store/testing/social-op'
import { addSsoConnection } from './sso-connection-changes'
import { listSsoConnections, type SsoConnection } from './sso-connections'
import { beginSsoTest } from './sso-flows'
import { answerOidc } from './sso-oidc-answers'
import {
  claimsOf,
  company,
  failuresOf,
  finish,
  fresh,
  type Journey,
  origin,
  post,
  type SamlCompany,
  samlCompany,
  sessionsOf,
  withSecrets,
} from './testing/sso-world'

let op: SocialOp
beforeAll(async () => {
  setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
  op = await startSocialOp()
})
afterEach(() => op.behave())
afterAll(async () => {
  restoreEnvironment()
  await Promise.all([op.close(), closeIdp()])
})

/** What a test of a connection comes to: the names of what failed, and nobody signed in. */
async function outcome(journey: Journey, organizationId: string): Promise<string[]> {
  const finished = await finish(journey)
  expect(finished.kind).toBe('tested')
  expect(await sessionsOf(organizationId)).toBe(0)
  const id = finished.kind === 'tested' ? finished.attemptId : ''
  const attempt = await db().ssoAttempt.findUniqueOrThrow({ where: { id } })
  expect([attempt.purpose, attempt.organizationId]).toEqual(['test', organizationId])
  return failuresOf(attempt)
}

const beginTest = async ({ operator, connection }: Pick<SamlCompany, 'operator' | 'connection'>) =>
  withSecrets(await beginSsoTest(operator, { id: connection.id }))

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const elsewhere = makeIdpKeys()

interface SamlFault {
  claims?: (place: SamlCompany) => Partial<SamlClaims>
  sign?: (xml: string, place: SamlCompany) => string | Promise<string>
  email_attribute?: string
}

describe('a test of a SAML connection', () => {
  const faults: [string, string[], SamlFault][] = [
    ['nothing', [], {}],
    ['the audience', ['audience'], { claims: () => ({ audience: 'urn:other' }) }],
    ['the recipient', ['recipient'], { claims: () => ({ recipient: 'https://other.example/acs' }) }],
    ['the destination', ['destination'], { claims: () => ({ destination: 'https://other.example/acs' }) }],
    [
      'the whole ACS URL',
      ['destination', 'recipient'],
      { claims: () => ({ destination: 'https://o.example/', recipient: 'https://o.example/' }) },
    ],
    ['the entity id', ['issuer'], { claims: () => ({ issuer: 'urn:idp:other' }) }],
    ['the certificate', ['signature'], { sign: (xml) => signXml(xml, { keys: elsewhere }) }],
    ['no signature', ['signed'], { sign: (xml) => xml }],
    [
      'SHA-1',
      ['algorithm'],
      {
        sign: (xml, { keys }) => signXml(xml, { keys, algorithm: `${DSIG}rsa-sha1`, digest: `${DSIG}sha1` }),
      },
    ],
    [
      'an assertion encrypted for another',
      ['encryption'],
      {
        sign: (xml, { keys }) => encryptAssertion(signXml(xml, { keys }), { certificate: elsewhere.der }),
      },
    ],
    [
      'a proxy that rewrites',
      ['digest'],
      { sign: (xml, { keys }) => signXml(xml, { keys }).replace('<saml:Subject>', '<saml:Subject> ') },
    ],
    ['no address as NameID', ['email'], { claims: () => ({ nameId: 'ada' }) }],
    [
      'a transient NameID',
      ['subject', 'email'],
      { claims: () => ({ nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' }) },
    ],
    ['an attribute that is not sent', ['email'], { email_attribute: 'mail' }],
    [
      'an attribute with two addresses',
      ['email'],
      {
        email_attribute: 'mail',
        claims: ({ email }) => ({ attributes: { mail: [email, `x${email}`] } }),
      },
    ],
    ['the domain', ['domain'], { claims: () => ({ nameId: `ada@n${fresh()}.example` }) }],
    [
      'a clock that is slow',
      ['confirmation_end', 'not_on_or_after'],
      { claims: () => ({ now: new Date(Date.now() - 600_000) }) },
    ],
    ['a clock that is fast', ['not_before'], { claims: () => ({ now: new Date(Date.now() + 600_000) }) }],
    ['a person who may not use the app', ['status'], { claims: () => ({ status: 'RequestDenied' }) }],
    [
      'an answer to no request',
      ['in_response_to', 'confirmed_request'],
      { claims: () => ({ requestId: null }) },
    ],
    ['attributes alone', ['authentication'], { claims: () => ({ authnStatement: false }) }],
    [
      'the audience and the domain',
      ['audience', 'domain'],
      { claims: () => ({ audience: 'urn:other', nameId: `ada@n${fresh()}.example` }) },
    ],
    [
      'the certificate and the audience',
      ['signature', 'audience'],
      { claims: () => ({ audience: 'urn:x' }), sign: (xml) => signXml(xml, { keys: elsewhere }) },
    ],
    [
      'SHA-1 and the recipient',
      ['algorithm', 'recipient'],
      {
        claims: () => ({ recipient: 'https://other.example/acs' }),
        sign: (xml, { keys }) => signXml(xml, { keys, algorithm: `${DSIG}rsa-sha1`, digest: `${DSIG}sha1` }),
      },
    ],
    [
      'the entity id and the attribute',
      ['issuer', 'email'],
      { claims: () => ({ issuer: 'urn:idp:other' }), email_attribute: 'mail' },
    ],
  ]
  test.each(faults)('names %s', async (_, failed, { claims, sign, email_attribute }) => {
    const place = await samlCompany({ email_attribute: email_attribute ?? null })
    const journey = await beginTest(place)
    const xml = responseXml(claimsOf(place, journey.requestId, claims?.(place)))
    const signed = sign ? await sign(xml, place) : signXml(xml, { keys: place.keys })
    await post(signed, journey.relay)
    expect((await outcome(journey, place.organizationId)).sort()).toEqual([...failed].sort())
    const [{ testedAt }] = (await listSsoConnections(place.operator)) as [SsoConnection]
    expect(testedAt !== null).toBe(failed.length === 0)
  })

  test('names what is no SAML at all', async () => {
    const place = await samlCompany()
    const journey = await beginTest(place)
    await post('<html>', journey.relay)
    expect(await outcome(journey, place.organizationId)).toEqual(['document'])
  })
})

interface OidcFault {
  mischief?: SocialMischief
  secret?: string
  email_attribute?: string
  claims?: object
}

describe('a test of an OpenID Connect connection', () => {
  const faults: [string, string[], OidcFault][] = [
    ['nothing', [], {}],
    ['the client’s secret', ['code'], { secret: 'wrong' }],
    ['the client id', ['token_audience'], { mischief: { claims: { aud: 'other' } } }],
    ['the issuer', ['token_issuer'], { mischief: { claims: { iss: 'https://other.example' } } }],
    [
      'the claim',
      ['email'],
      { email_attribute: 'upn', mischief: { discovery: { userinfo_endpoint: undefined } } },
    ],
    ['an address not verified', ['email_verified'], { claims: { email_verified: false } }],
    ['the domain', ['domain'], { claims: { email: `ada@n${fresh()}.example` } }],
    ['a signature by the secret', ['token_algorithm'], { mischief: { signing: 'client_secret' } }],
    ['a key not published', ['token_signature'], { mischief: { signing: 'unpublished_key' } }],
    ['a provider that is down', ['provider'], { mischief: { tokenStatus: 502 } }],
    [
      'the address not verified and the domain',
      ['email_verified', 'domain'],
      { claims: { email_verified: false, email: `ada@n${fresh()}.example` } },
    ],
    [
      'the issuer and the client id',
      ['token_issuer', 'token_audience'],
      { mischief: { claims: { iss: 'https://other.example', aud: 'other' } } },
    ],
  ]
  test.each(faults)('names %s', async (_, failed, { mischief, secret, email_attribute, claims }) => {
    const place = await company()
    const connection = await addSsoConnection(place.operator, {
      kind: 'oidc',
      provider: 'oidc',
      discovery_url: op.issuer,
      client_id: op.client.id,
      client_secret: secret ?? op.client.secret,
      email_attribute,
    })
    const journey = await beginTest({ ...place, connection })
    op.behave(mischief)
    const given = { sub: fresh(), email: `ada@${place.domain}`, ...claims }
    await answerOidc(op.agree(journey.url, given), origin)
    expect((await outcome(journey, place.organizationId)).sort()).toEqual([...failed].sort())
    const [{ testedAt }] = (await listSsoConnections(place.operator)) as [SsoConnection]
    expect(testedAt !== null).toBe(failed.length === 0)
  })
})
