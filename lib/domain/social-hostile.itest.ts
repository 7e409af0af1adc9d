import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { SocialProvider } from '../core/social'
import { setEnvironment } from '../env/testing/environment'
import { closeDb, db } from '../store/db'
import type { SocialMischief } from '../store/testing/social-op'
import { finishSocial } from './social'
import { beginSocial, socialFlowOf } from './social-flows'
import { refusedInTime, timed } from './testing/refused-in-time'
import { attemptOf, back, claimsOf, journey, origin, socialWorld } from './testing/social'

const world = socialWorld()
const HOUR_MS = 3600_000

let email = ''
beforeEach(async () => {
  email = `${randomUUID()}@social.example`
  await world.begin()
})
afterAll(async () => {
  await world.end()
  await closeDb()
})

interface Refusal {
  code: string
  details: Record<string, unknown>
}

async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await work.catch((reason: unknown) => reason)
  if (!(error instanceof Error) || !('code' in error)) throw new Error('nothing was refused')
  return error as unknown as Refusal
}

const sessions = () => db().session.count({ where: { user: { email } } })
const account = () => db().user.findUnique({ where: { email }, select: { id: true } })

async function signedIn(work: ReturnType<typeof journey>) {
  const finished = await work
  if (finished.kind !== 'signed_in') throw new Error(`not signed in: ${finished.kind}`)
  return finished
}

const now = () => Math.floor(Date.now() / 1000)

/** One thing wrong with the token, and what the log says was. */
const tokens: Array<[string, SocialMischief, string]> = [
  ['no signature (alg none)', { signing: 'none' }, 'id_token'],
  ['a MAC under the client secret (HS256)', { signing: 'client_secret' }, 'id_token'],
  ['a key that nobody published', { signing: 'unpublished_key' }, 'id_token'],
  ['a key id of nobody', { signing: 'unknown_kid' }, 'id_token'],
  ['the nonce of another sign-in', { claims: { nonce: 'another' } }, 'nonce'],
  ['no nonce', { claims: { nonce: undefined } }, 'id_token'],
  ['another issuer', { claims: { iss: 'https://accounts.google.com.evil.example' } }, 'id_token'],
  ['no issuer', { claims: { iss: undefined } }, 'id_token'],
  ['another audience', { claims: { aud: 'another-client' } }, 'id_token'],
  ['two audiences without azp', { claims: { aud: ['twig-client', 'another'] } }, 'audience'],
  ['two audiences with azp of the other', { claims: { aud: ['twig-client', 'b'], azp: 'b' } }, 'audience'],
  ['azp of another', { claims: { azp: 'another' } }, 'audience'],
  ['an end that is over', { claims: { exp: now() - 120 } }, 'id_token'],
  ['no end', { claims: { exp: undefined } }, 'id_token'],
  ['a beginning in the future', { claims: { iat: now() + 600 } }, 'id_token'],
  ['a beginning of yesterday', { claims: { iat: now() - 86_400 } }, 'id_token'],
  ['no subject', { claims: { sub: undefined } }, 'id_token'],
  ['an empty subject', { claims: { sub: '' } }, 'subject'],
]

/** One thing wrong with the way back. */
const ways: Array<[string, (callback: URL) => void, string]> = [
  ['an error of the provider', (url) => url.searchParams.set('error', 'access_denied'), 'answer'],
  ['an error in HTML', (url) => url.searchParams.set('error', '<script>alert(1)</script>'), 'answer'],
  ['no code', (url) => url.searchParams.delete('code'), 'answer'],
  ['two codes', (url) => url.searchParams.append('code', 'second'), 'answer'],
  ['a code of nobody', (url) => url.searchParams.set('code', 'forged'), 'code'],
  [
    'another provider’s name (RFC 9207)',
    (url) => url.searchParams.set('iss', 'https://evil.example'),
    'issuer',
  ],
]

const beginGoogle = () => {
  world.op('google').behave()
  return beginSocial({ provider: 'google' }, origin)
}

/** Comes back with a good answer, of a provider that does something wrong meanwhile. */
const answered = async (mischief: SocialMischief) => {
  const begun = await beginGoogle()
  world.op('google').behave(mischief)
  return () => back(world, 'google', begun, claimsOf(email), null)
}

/** @param begin a journey; what comes back returns from the provider, and is what may take no longer */
async function expectNothing(begin: () => Promise<() => Promise<unknown>>, reason: string): Promise<void> {
  await refusedInTime(async () => {
    const answer = await begin()
    const { result, took } = await timed(() => refusalOf(answer()))
    await expectRefusal(result, reason)
    return took
  })
}

async function expectRefusal({ code, details }: Refusal, reason: string): Promise<void> {
  expect(code).toBe('social_sign_in_failed')
  const attempt = await attemptOf(details.reference)
  expect(attempt).toMatchObject({ reason, succeeded: false })
  expect(JSON.stringify(attempt)).not.toContain('<script')
  expect(await account()).toBeNull()
}

describe('an answer that is not right signs nobody in, and the log says why', () => {
  it.each(tokens)('ID token: %s', async (_what, mischief, reason) => {
    await expectNothing(() => answered(mischief), reason)
  })

  it.each(ways)('the way back: %s', async (_what, tamper, reason) => {
    await expectNothing(async () => {
      const { id: flowId, url, state } = await beginGoogle()
      const callback = world.op('google').agree(url, claimsOf(email))
      tamper(callback)
      return () => finishSocial({ provider: 'google', flowId, state, callback }, origin, null)
    }, reason)
  })

  it('a code with another PKCE verifier', async () => {
    await expectNothing(async () => {
      const [mine, other] = [await beginGoogle(), await beginGoogle()]
      const callback = world.op('google').agree(other.url, claimsOf(email))
      callback.searchParams.set('state', new URL(mine.url).searchParams.get('state') ?? '')
      const input = { provider: 'google' as const, flowId: mine.id, state: mine.state, callback }
      return () => finishSocial(input, origin, null)
    }, 'code')
  })

  it('discovery of another issuer', async () => {
    await expectNothing(() => answered({ discovery: { issuer: 'https://evil.example' } }), 'discovery')
  })

  it('a token endpoint that redirects is not followed', async () => {
    await expectNothing(() => answered({ redirectTokenTo: 'http://169.254.169.254/latest' }), 'answer')
  })

  it.each([
    ['a verified address is denied', { claims: { email_verified: false } }],
    ['the address is missing', { claims: { email: undefined } }],
    ['the address is none', { claims: { email: 'victim＠corp.example' } }],
  ])('%s: a new person is refused', async (_what, mischief) => {
    world.op('google').behave(mischief)
    const { code } = await refusalOf(journey(world, 'google', claimsOf(email)))
    expect(code).toBe('email_not_verified')
    expect(await account()).toBeNull()
  })

  it.each(['google', 'microsoft'] as const)(
    '%s that does not answer is an outage, and no refusal',
    async (provider) => {
      const begun = await beginSocial({ provider }, origin)
      world
        .op(provider)
        .behave({ tokenStatus: 503, ...(provider === 'microsoft' ? { discovery: world.manyTenants() } : {}) })
      const { code } = await refusalOf(back(world, provider, begun, claimsOf(email), null))
      expect(code).toBe('temporarily_unavailable')
    },
  )
})

describe('a journey belongs to one browser, one provider, one answer and 15 minutes', () => {
  const begun = async (
    change: Partial<Parameters<typeof finishSocial>[0]>,
    at: Date = new Date(),
    provider: SocialProvider = 'google',
  ) => {
    const { id: flowId, url, state } = await beginGoogle()
    const callback = world.op('google').agree(url, claimsOf(email))
    return () => finishSocial({ provider, flowId, state, callback, ...change }, origin, null, at)
  }

  it.each([
    ['no journey', { flowId: null }],
    ['the journey of nobody', { flowId: 'flow_00000000000000000000' }],
    ['no cookie', { state: '' }],
    ['the cookie of another', { state: 'A'.repeat(32) }],
    ['another provider', { provider: 'microsoft' as const }],
  ])('%s', async (_what, change) => {
    await expectNothing(() => begun(change), 'browser')
  })

  it('is over after 15 minutes', async () => {
    await expectNothing(() => begun({}, new Date(Date.now() + HOUR_MS / 4 + 1_000)), 'browser')
  })

  it('state of Google’s names no journey at Microsoft', async () => {
    const { url, id } = await beginSocial({ provider: 'google' }, origin)
    const relay = new URL(url).searchParams.get('state')
    expect(await socialFlowOf('google', relay)).toBe(id)
    expect(await socialFlowOf('microsoft', relay)).toBeNull()
    expect(await socialFlowOf('google', null)).toBeNull()
  })

  it('takes one answer, also of twenty at once with a good code each', async () => {
    const { id: flowId, url, state } = await beginSocial({ provider: 'google' }, origin)
    const claims = claimsOf(email)
    const answer = () => {
      const callback = world.op('google').agree(url, claims)
      return finishSocial({ provider: 'google', flowId, state, callback }, origin, null)
    }
    const answers = await Promise.allSettled(Array.from({ length: 20 }, answer))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await refusalOf(answer())).code).toBe('social_sign_in_failed')
    expect(await sessions()).toBe(1)
  })

  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/\t/evil.example',
    '/%0d%0aLocation:https://evil.example/../..//evil',
    '/api/auth/logout',
    '/login',
    'evil.example',
  ])('leads to no other site: %s', async (next) => {
    const { returnTo } = await signedIn(journey(world, 'google', claimsOf(email), { next }))
    expect(new URL(returnTo, 'http://twig.example').origin).toBe('http://twig.example')
    expect(returnTo).not.toMatch(/^\/(?:\/|\\|api\/|login)/)
  })

  it('asks with PKCE S256, a state and a nonce, and never twice with the same', async () => {
    const asked = await Promise.all([1, 2].map(() => beginSocial({ provider: 'google' }, origin)))
    const queries = asked.map(({ url }) => new URL(url).searchParams)
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(new Set(queries.map((query) => query.get(name))).size, name).toBe(2)
    }
    expect(queries[0]?.get('code_challenge_method')).toBe('S256')
    expect(queries[0]?.get('scope')).toBe('openid email profile')
  })
})

it('a provider that is not set up begins nothing', async () => {
  setEnvironment({ GOOGLE_CLIENT_ID: undefined, GOOGLE_CLIENT_SECRET: undefined })
  const { code } = await refusalOf(beginSocial({ provider: 'google' }, origin))
  expect(code).toBe('social_not_configured')
})
