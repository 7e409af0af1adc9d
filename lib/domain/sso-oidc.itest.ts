import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { type SocialMischief, type SocialOp, startSocialOp } from '../store/testing/social-op'
import { addSsoConnection } from './sso-connection-changes'
import { beginSsoTest } from './sso-flows'
import { answerOidc } from './sso-oidc-answers'
import { refusedInTime, timed } from './testing/refused-in-time'
import {
  attemptsOf,
  begin,
  company,
  failuresOf,
  finish,
  fresh,
  type Journey,
  origin,
  refusedFor,
  sessionsOf,
  withSecrets,
} from './testing/sso-world'

const INVALID = 'sso_invalid_assertion'

let op: SocialOp
let other: SocialOp
beforeAll(async () => {
  setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
  ;[op, other] = await Promise.all([startSocialOp(), startSocialOp()])
})
afterEach(() => op.behave())
afterAll(async () => {
  restoreEnvironment()
  await Promise.all([op.close(), other.close()])
})

/** An organization whose people sign in at a provider. */
async function oidcCompany(at: SocialOp = op, settings: { email_attribute?: string } = {}) {
  const place = await company()
  const connection = await addSsoConnection(place.operator, {
    kind: 'oidc',
    provider: 'oidc',
    discovery_url: at.issuer,
    client_id: at.client.id,
    client_secret: at.client.secret,
    ...settings,
  })
  const email = `ada@${place.domain}`
  return { ...place, connection, email, claims: { sub: `s${fresh()}`, email, name: 'Ada L' } }
}

type OidcCompany = Awaited<ReturnType<typeof oidcCompany>>

const back = (place: OidcCompany, { url }: Journey, at: SocialOp = op, claims: object = {}) =>
  at.agree(url, { ...place.claims, ...claims })

describe('signing in through OpenID Connect', () => {
  test('ends in an ordinary session, once, whoever repeats what', async () => {
    const place = await oidcCompany()
    const journey = await begin(place.email)
    const asked = new URL(journey.url).searchParams
    expect([asked.get('code_challenge_method'), asked.get('response_type')]).toEqual(['S256', 'code'])
    expect([...asked.keys()]).not.toContain('client_secret')
    const callback = back(place, journey)
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => answerOidc(callback, origin)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const ends = await Promise.allSettled(Array.from({ length: 20 }, () => finish(journey)))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await sessionsOf(place.organizationId)).toBe(1)
    expect(await refusedFor(answerOidc(callback, origin))).toEqual({ code: INVALID, failed: ['journey'] })
  })

  test('takes the secret in the body where the provider takes it there alone', async () => {
    const place = await oidcCompany()
    op.behave({ onlyPost: true })
    const journey = await begin(place.email)
    await answerOidc(back(place, journey), origin)
    expect((await finish(journey)).kind).toBe('signed_in')
  })

  test('asks the userinfo endpoint where the token has no address', async () => {
    const place = await oidcCompany()
    const { sub, email } = place.claims
    op.behave({ claims: { email: undefined }, userinfo: { sub, email } })
    const journey = await begin(place.email)
    await answerOidc(back(place, journey), origin)
    expect((await finish(journey)).kind).toBe('signed_in')
  })

  test('reads the address from the claim that the connection names', async () => {
    const place = await oidcCompany(op, { email_attribute: 'upn' })
    const journey = await begin(place.email)
    await answerOidc(back(place, journey, op, { upn: place.email, email: 'eve@evil.example' }), origin)
    expect((await finish(journey)).kind).toBe('signed_in')
  })
})

const now = () => Math.floor(Date.now() / 1000)

describe('an answer is refused for exactly what is wrong with it, in time, and signs nobody in', () => {
  const cases: [string, string[], () => SocialMischief][] = [
    ['another issuer', ['token_issuer'], () => ({ claims: { iss: 'https://evil.example' } })],
    [
      'another audience',
      ['token_audience', 'token_authorized_party'],
      () => ({ claims: { aud: 'x', azp: 'x' } }),
    ],
    [
      'our audience, given to another',
      ['token_authorized_party'],
      () => ({ claims: { aud: [op.client.id, 'x'], azp: 'x' } }),
    ],
    [
      'two audiences and nobody named',
      ['token_authorized_party'],
      () => ({ claims: { aud: [op.client.id, 'x'] } }),
    ],
    ['an end beyond the skew', ['token_expiry'], () => ({ claims: { iat: now() - 400, exp: now() - 65 } })],
    ['no end', ['token_expiry'], () => ({ claims: { exp: undefined } })],
    ['of the future', ['token_issued_at'], () => ({ claims: { iat: now() + 120 } })],
    ['of yesterday', ['token_issued_at'], () => ({ claims: { iat: now() - 86_400 } })],
    ['without a time of issue', ['token_issued_at'], () => ({ claims: { iat: undefined } })],
    ['another nonce', ['token_nonce'], () => ({ claims: { nonce: 'x' } })],
    ['no nonce', ['token_nonce'], () => ({ claims: { nonce: undefined } })],
    ['no subject', ['token_subject'], () => ({ claims: { sub: undefined } })],
    ['an empty subject', ['token_subject'], () => ({ claims: { sub: '' } })],
    ['no signature', ['token_algorithm'], () => ({ signing: 'none' })],
    ['a MAC under the client’s secret', ['token_algorithm'], () => ({ signing: 'client_secret' })],
    ['a key that nobody published', ['token_signature'], () => ({ signing: 'unpublished_key' })],
    ['a key id of nobody', ['token_signature'], () => ({ signing: 'unknown_kid' })],
    [
      'no address',
      ['email'],
      () => ({ claims: { email: undefined }, discovery: { userinfo_endpoint: undefined } }),
    ],
    ['an address that is none', ['email'], () => ({ claims: { email: 'ada' } })],
    [
      'an address that the provider calls unverified',
      ['email_verified'],
      () => ({ claims: { email_verified: false } }),
    ],
    [
      'a userinfo of somebody else',
      ['userinfo'],
      () => ({ claims: { email: undefined }, userinfo: { sub: 'x', email: 'ada@evil.example' } }),
    ],
    [
      'a discovery document of another issuer',
      ['discovery'],
      () => ({ discovery: { issuer: 'https://evil.example' } }),
    ],
    [
      'keys at an address that Twig does not call',
      ['token_signature'],
      () => ({ discovery: { jwks_uri: 'http://169.254.169.254/keys' } }),
    ],
    [
      'a token endpoint in the cloud’s own network',
      ['code'],
      () => ({ discovery: { token_endpoint: 'http://169.254.169.254/token' } }),
    ],
    [
      'a token endpoint that redirects there',
      ['code'],
      () => ({ redirectTokenTo: 'http://169.254.169.254/latest/meta-data/' }),
    ],
    [
      'two things wrong at once',
      ['token_issuer', 'token_nonce'],
      () => ({ claims: { iss: 'x', nonce: 'x' } }),
    ],
  ]
  let place: OidcCompany
  beforeAll(async () => {
    place = await oidcCompany()
  })

  async function refuse(failed: string[], mischief: SocialMischief): Promise<number> {
    op.behave()
    const journey = await begin(place.email)
    op.behave(mischief)
    const callback = back(place, journey)
    const before = await attemptsOf(place.organizationId)
    const { result, took } = await timed(() => refusedFor(answerOidc(callback, origin)))
    expect(result).toEqual({ code: INVALID, failed })
    expect(await attemptsOf(place.organizationId)).toBe(before + 1)
    await expect(finish(journey)).rejects.toMatchObject({ code: INVALID })
    expect(await sessionsOf(place.organizationId)).toBe(0)
    return took
  }

  test.each(cases)('OI %s', async (_, failed, mischief) => {
    await refusedInTime(() => refuse(failed, mischief()))
  })

  test('OI an address outside of the organization’s domains', async () => {
    const place = await oidcCompany()
    const journey = await begin(place.email)
    const callback = back(place, journey, op, { email: `eve@n${fresh()}.example` })
    const refused = await refusedFor(answerOidc(callback, origin))
    expect(refused).toEqual({ code: 'sso_domain_not_allowed', failed: ['domain'] })
  })

  test('OI the code of another sign-in, or one that was used', async () => {
    const place = await oidcCompany()
    const [mine, theirs] = [await begin(place.email), await begin(place.email)]
    const stolen = back(place, theirs)
    stolen.searchParams.set('state', new URL(mine.url).searchParams.get('state') ?? '')
    expect((await refusedFor(answerOidc(stolen, origin))).failed).toEqual(['code'])
    const third = await begin(place.email)
    const used = back(place, third)
    await answerOidc(used, origin)
    const fourth = await begin(place.email)
    used.searchParams.set('state', new URL(fourth.url).searchParams.get('state') ?? '')
    expect((await refusedFor(answerOidc(used, origin))).failed).toEqual(['code'])
  })

  test('OI a state that nobody has, none, or two', async () => {
    const place = await oidcCompany()
    const journey = await begin(place.email)
    const good = back(place, journey)
    for (const states of [[], ['x'], [randomBytes(32).toString('base64url')], ['x', journey.relay ?? '']]) {
      const callback = new URL(good)
      callback.searchParams.delete('state')
      for (const state of states) callback.searchParams.append('state', state)
      expect(await refusedFor(answerOidc(callback, origin))).toEqual({ code: INVALID, failed: ['journey'] })
    }
    await answerOidc(good, origin)
    expect((await finish(journey)).kind).toBe('signed_in')
  })

  test('OI the answer in another browser than began', async () => {
    const place = await oidcCompany()
    const [mine, theirs] = [await begin(place.email), await begin(place.email)]
    await answerOidc(back(place, theirs), origin)
    const stolen = { id: theirs.id, state: mine.state }
    expect(await refusedFor(finish(stolen))).toEqual({ code: INVALID, failed: ['browser'] })
    expect(await sessionsOf(place.organizationId)).toBe(0)
  })

  test('OI a mix-up of two providers, by the issuer that the answer names and by whose code it is', async () => {
    const place = await oidcCompany()
    const journey = await begin(place.email)
    const named = back(place, journey)
    named.searchParams.set('iss', other.issuer)
    expect((await refusedFor(answerOidc(named, origin))).failed).toEqual(['answer'])
    const again = await begin(place.email)
    expect((await refusedFor(answerOidc(back(place, again, other), origin))).failed).toEqual(['code'])
    expect(other.calls.filter((call) => call.startsWith('POST'))).toEqual([])
  })

  test('OI what the provider itself refused, with markup in its words', async () => {
    const place = await oidcCompany()
    const journey = await begin(place.email)
    const callback = new URL(back(place, journey).origin)
    const [error, words] = ['access_denied', '<script>alert(1)</script>']
    const answer = { error, error_description: words, state: journey.relay ?? '' }
    callback.search = String(new URLSearchParams(answer))
    expect(await refusedFor(answerOidc(callback, origin))).toEqual({ code: INVALID, failed: ['answer'] })
    const attempts = await db().ssoAttempt.findMany({ where: { organizationId: place.organizationId } })
    expect(JSON.stringify(attempts)).toContain('access_denied')
    expect(JSON.stringify(attempts)).not.toContain('script')
  })
})

describe('when the provider is down', () => {
  const outages: [string, () => SocialMischief][] = [
    ['answers nothing for half a minute', () => ({ delayMs: 30_000 })],
    ['gives no tokens', () => ({ tokenStatus: 503 })],
  ]
  test.each(outages)('and %s, it is an outage and no refusal, within 8 seconds', async (_, mischief) => {
    const place = await oidcCompany()
    const journey = await begin(place.email)
    const callback = back(place, journey)
    op.behave(mischief())
    const began = performance.now()
    const refused = await refusedFor(answerOidc(callback, origin))
    expect(refused).toEqual({ code: 'sso_unavailable', failed: ['provider'] })
    expect(performance.now() - began).toBeLessThan(8_000)
    await expect(finish(journey)).rejects.toMatchObject({ code: INVALID })
  })

  test('beginning says so in time, and a test of the connection names it', async () => {
    const place = await oidcCompany()
    const journey = await withSecrets(await beginSsoTest(place.operator, { id: place.connection.id }))
    op.behave({ delayMs: 30_000 })
    const beginning = timed(() => refusedFor(begin(place.email)))
    await answerOidc(back(place, journey), origin)
    const { result, took } = await beginning
    expect(result).toEqual({ code: 'sso_unavailable', failed: ['provider'] })
    expect(took).toBeLessThan(8_000)
    const finished = await finish(journey)
    const attemptId = finished.kind === 'tested' ? finished.attemptId : ''
    const attempt = await db().ssoAttempt.findUniqueOrThrow({ where: { id: attemptId } })
    expect(failuresOf(attempt)).toEqual(['provider'])
  })
})
