import { describe, expect, test } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { setEnvironment } from '../env/testing/environment'
import { ProviderFailure } from '../store/connectors/connector'
import { db } from '../store/db'
import { beginConnection, beginReconnect, connectorFlowOf, sweepConnectorFlows } from './connection-flows'
import { refuseGrant } from './connection-health'
import { freshAccessToken } from './connection-tokens'
import { connectorChoices, disconnect, finishConnection } from './connections'
import { deleteDataSource, getDataSource, listDataSources } from './data-sources'
import { ahead, type Choice, connectingWorld, input, MINUTE_MS } from './testing/connecting'
import { code } from './testing/refusal'
import { auditOf, personOf, tenant } from './testing/tenants'

const here = connectingWorld()
const sources = async (person: UserPrincipal) => (await listDataSources(person, { limit: 50 })).data

describe('connecting', () => {
  test('makes a source that says how it is connected, and an audit row that names no token', async () => {
    const person = await here.person()
    const { id } = await here.connected(person)
    expect(await getDataSource(person, { id })).toMatchObject({
      name: 'Drive',
      kind: 'google_drive',
      status: 'connected',
      connection: {
        state: 'connected',
        account: { name: 'ada@example.com', workspace: 'example.com' },
        missing_scopes: [],
        failure: null,
        token: { refreshes: true, expires_at: expect.any(String) },
        connected_by: { id: person.userId },
        receipt: null,
      },
      sync: { selection: [], phase: 'idle', next_at: null },
    })
    const audit = await auditOf(person.organizationId)
    expect(audit.map(({ action }) => action)).toContain('data_source.connected')
    const { sealedAccessToken, sealedRefreshToken } = await db().oauthToken.findFirstOrThrow({
      where: { connection: { dataSourceId: id } },
      omit: { sealedAccessToken: false, sealedRefreshToken: false },
    })
    expect(sealedAccessToken).toMatch(/^v1\./)
    expect(sealedRefreshToken).toMatch(/^v1\./)
    expect(JSON.stringify(audit)).not.toMatch(/ya29|1\/\/|v1\./)
  })

  test('asks for the catalogue’s scopes alone, with PKCE, to come back to this Twig’s own address exactly', async () => {
    const person = await here.person()
    const { url } = await beginConnection(person, input)
    const asked = Object.fromEntries(new URL(url).searchParams)
    expect(asked).toMatchObject({
      scope: 'openid email https://www.googleapis.com/auth/drive.readonly',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: `${process.env.APP_URL}/api/connectors/google-drive/callback`,
    })
    expect(asked.state).toMatch(/^\w{32}$/)
    expect(connectorChoices(person)).toContainEqual({
      provider: 'google_drive',
      isConfigured: true,
      redirectUri: asked.redirect_uri,
    })
  })

  test('at a provider that the operator has not set up is refused before anything is kept', async () => {
    const person = await here.person()
    const begun = beginConnection(person, { ...input, provider: 'notion' })
    await expect(begun).rejects.toEqual(code('connector_not_configured'))
    expect(await db().connectorFlow.count({ where: { userId: person.userId } })).toBe(0)
    expect(connectorChoices(person)).toContainEqual(
      expect.objectContaining({ provider: 'notion', isConfigured: false }),
    )
  })

  test('is for members, not for viewers nor for whoever became one at the provider', async () => {
    const viewer = await here.person('viewer')
    await expect(beginConnection(viewer, input)).rejects.toEqual(code('insufficient_role'))
    const member = await here.person()
    const answer = here.back(await beginConnection(member, input))
    const demoted = { ...member, role: 'viewer' } as const
    await expect(finishConnection(demoted, answer)).rejects.toEqual(code('insufficient_role'))
  })
})

describe('state: an answer', () => {
  test('of nobody, or of a journey to another provider, is found to belong to none', async () => {
    const { url } = await beginConnection(await here.person(), input)
    const relay = new URL(url).searchParams.get('state') ?? ''
    expect(await connectorFlowOf('google_drive', relay)).not.toBeNull()
    expect(await connectorFlowOf('slack', relay)).toBeNull()
    expect(await connectorFlowOf('google_drive', null)).toBeNull()
    expect(await connectorFlowOf('google_drive', '')).toBeNull()
    expect(await connectorFlowOf('google_drive', 'forged')).toBeNull()
    expect(await connectorFlowOf('google_drive', `${relay}\u0000`)).toBeNull()
  })

  const strangers: [string, (person: UserPrincipal) => Promise<UserPrincipal>][] = [
    ['another person', async ({ organizationId }) => personOf(organizationId, 'member')],
    ['another session', async (person) => ({ ...person, sessionId: 'sess_other' })],
    [
      'another organization',
      async (person) => ({ ...person, organizationId: (await tenant()).organization.id }),
    ],
  ]
  test.each(strangers)('is never for %s than began it', async (_, other) => {
    const person = await here.person()
    const answer = here.back(await beginConnection(person, input))
    const stranger = await other(person)
    here.google.control.forgetCalls()
    await expect(finishConnection(stranger, answer)).rejects.toEqual(code('connection_expired'))
    expect(here.google.control.count('POST /token')).toBe(0)
    expect([...(await sources(person)), ...(await sources(stranger))]).toEqual([])
  })

  test('counts in no other browser, at no other provider (mix-up), never twice, and not after 10 minutes', async () => {
    const person = await here.person()
    const flow = await beginConnection(person, input)
    const answer = here.back(flow)
    const expired = code('connection_expired')
    here.google.control.forgetCalls()
    await expect(finishConnection(person, { ...answer, state: 'x' })).rejects.toEqual(expired)
    await expect(finishConnection(person, { ...answer, state: '' })).rejects.toEqual(expired)
    await expect(finishConnection(person, { ...answer, flowId: null })).rejects.toEqual(expired)
    await expect(finishConnection(person, { ...answer, provider: 'slack' })).rejects.toEqual(expired)
    const late = ahead(10 * MINUTE_MS + 1_000)
    await expect(finishConnection(person, answer, late)).rejects.toEqual(expired)
    expect(here.google.control.count('POST /token')).toBe(0)
    const twice = await Promise.allSettled([
      finishConnection(person, answer),
      finishConnection(person, answer),
    ])
    expect(twice.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(finishConnection(person, answer)).rejects.toEqual(expired)
    expect(await sources(person)).toHaveLength(1)
  })

  test('that was kept longer than it counts is swept away', async () => {
    const { id } = await beginConnection(await here.person(), input)
    await sweepConnectorFlows(ahead(9 * MINUTE_MS)())
    expect(await db().connectorFlow.count({ where: { id } })).toBe(1)
    await sweepConnectorFlows(ahead(11 * MINUTE_MS)())
    expect(await db().connectorFlow.count({ where: { id } })).toBe(0)
  })

  test('with somebody else’s code in it is refused by PKCE, and the code’s owner loses nothing but it', async () => {
    const [victim, thief] = [await here.person(), await here.person()]
    const stolen = here.back(await beginConnection(victim, input)).callback.searchParams.get('code') ?? ''
    const own = here.back(await beginConnection(thief, input))
    own.callback.searchParams.set('code', stolen)
    await expect(finishConnection(thief, own)).rejects.toEqual(code('provider_refused'))
    expect(await sources(thief)).toEqual([])
  })
})

describe('an answer without what is needed', () => {
  test.each<[string, Choice | ((url: URL) => void), string]>([
    ['denied consent', { deny: true }, 'consent_denied'],
    [
      'an admin who has to agree first',
      (url) => url.searchParams.set('error', 'consent_required'),
      'consent_denied',
    ],
    [
      'an error of the provider’s own',
      (url) => url.searchParams.set('error', 'server_error'),
      'provider_unavailable',
    ],
    ['an error that nobody knows', (url) => url.searchParams.set('error', '<script>'), 'provider_refused'],
    ['no code', (url) => url.searchParams.delete('code'), 'provider_refused'],
    ['a code of nobody', (url) => url.searchParams.set('code', 'x'), 'provider_refused'],
    ['a scope that was unticked', { scopes: ['openid', 'email'] }, 'scopes_missing'],
    ['no scope at all', { scopes: [] }, 'scopes_missing'],
  ])('such as %s, connects nothing, and is the journey’s one answer', async (_, choice, expected) => {
    const person = await here.person()
    const flow = await beginConnection(person, input)
    const answer = here.back(flow, typeof choice === 'function' ? undefined : choice)
    if (typeof choice === 'function') choice(answer.callback)
    await expect(finishConnection(person, answer)).rejects.toEqual(code(expected))
    expect(await sources(person)).toEqual([])
    await expect(finishConnection(person, here.back(flow))).rejects.toEqual(code('connection_expired'))
  })

  test('names the missing scopes, and gives back what was granted', async () => {
    const [person, own] = [await here.person(), here.account()]
    const choice = { ...own, scopes: ['openid', 'email'] }
    const answer = here.back(await beginConnection(person, input), choice)
    await expect(finishConnection(person, answer)).rejects.toMatchObject({
      details: { missing: ['https://www.googleapis.com/auth/drive.readonly'] },
    })
    expect(here.google.control.liveGrants(own.account)).toBe(0)
  })

  test('that grants more than was asked for connects, and says what is granted', async () => {
    const person = await here.person()
    const scope = 'openid email https://www.googleapis.com/auth/drive.readonly https://x.example/write'
    const tokens = { access_token: 'ya29.more', refresh_token: '1//more', expires_in: 3600, scope }
    here.google.control.fail({ on: 'POST /token', status: 200, body: tokens })
    here.google.control.fail({
      on: 'GET /v1/userinfo',
      status: 200,
      body: { sub: 'more', email: 'm@x.example' },
    })
    const { id } = await here.connected(person)
    const { connection } = await getDataSource(person, { id })
    expect(connection?.granted_scopes).toEqual(scope.split(' '))
    expect(connection?.missing_scopes).toEqual([])
  })

  test.each([
    ['fails', { status: 500 }, 'provider_unavailable'],
    ['drops the connection', { status: 0 }, 'provider_unavailable'],
    ['asks to wait', { status: 429, retryAfter: '30' }, 'provider_unavailable'],
    ['answers with a page', { status: 200, html: '<h1>Welcome' }, 'provider_refused'],
    ['does not know this client', { status: 401, body: { error: 'invalid_client' } }, 'provider_refused'],
  ])('because the token endpoint %s connects nothing', async (_, fault, expected) => {
    const person = await here.person()
    const answer = here.back(await beginConnection(person, input))
    here.google.control.fail({ on: 'POST /token', ...fault })
    await expect(finishConnection(person, answer)).rejects.toEqual(code(expected))
    expect(await sources(person)).toEqual([])
  })

  test('because the provider is away before the journey begins is told at once', async () => {
    const person = await here.person()
    setEnvironment({ GOOGLE_ISSUER: 'http://127.0.0.1:9' })
    await expect(beginConnection(person, input)).rejects.toEqual(code('provider_unavailable'))
    setEnvironment(here.google.env)
  })
})

describe('reconnecting', () => {
  const fail = (place: Parameters<typeof refuseGrant>[0]) =>
    refuseGrant(place, new ProviderFailure('grant_refused', 'invalid_grant'), new Date())

  test('heals a refused grant with the same account and keeps the source; another account is refused', async () => {
    const [person, other] = [await here.person(), here.account()]
    const { id, place } = await here.connected(person)
    await fail(place)
    expect(await getDataSource(person, { id })).toMatchObject({
      status: 'connection_failed',
      connection: { failure: { code: 'grant_refused', reason: 'invalid_grant' } },
    })
    const wrong = here.back(await beginReconnect(person, { id }), other)
    await expect(finishConnection(person, wrong)).rejects.toEqual(code('other_account'))
    expect(await getDataSource(person, { id })).toMatchObject({ status: 'connection_failed' })
    expect(here.google.control.liveGrants(other.account)).toBe(0)

    const flow = await beginReconnect(person, { id })
    expect(new URL(flow.url).searchParams.get('login_hint')).toBe('ada@example.com')
    expect(await finishConnection(person, here.back(flow))).toEqual({ id })
    const { connection } = await getDataSource(person, { id })
    expect(connection).toMatchObject({ state: 'connected', failure: null, failing_since: null })
    expect((await auditOf(person.organizationId)).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['connection.failed', 'data_source.reconnected']),
    )
    await expect(freshAccessToken(place)).resolves.toMatchObject({ provider: 'google_drive' })
  })

  test('works on a disconnected source too', async () => {
    const [person, own] = [await here.person(), here.account()]
    const { id, place } = await here.connected(person, own)
    await disconnect(person, { id })
    await finishConnection(person, here.back(await beginReconnect(person, { id }), own))
    expect((await getDataSource(person, { id })).connection).toMatchObject({
      state: 'connected',
      receipt: null,
    })
    await freshAccessToken(place)
  })

  test('a source of another organization is of one that is not there', async () => {
    const { id } = await here.connected(await here.person())
    await expect(beginReconnect(await here.person(), { id })).rejects.toEqual(code('not_found'))
  })

  test('a source that was deleted meanwhile makes none, and gives back what was granted', async () => {
    const [person, own] = [await here.person(), here.account()]
    const { id } = await here.connected(person, own)
    const answer = here.back(await beginReconnect(person, { id }), own)
    await deleteDataSource(person, { id })
    await expect(finishConnection(person, answer)).rejects.toEqual(code('not_found'))
    expect(await sources(person)).toEqual([])
    expect(here.google.control.liveGrants(own.account)).toBe(0)
  })
})
