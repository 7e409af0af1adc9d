import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { ProviderFailure } from '../store/connectors/connector'
import { db } from '../store/db'
import { type GoogleServer, startGoogle } from '../store/testing/google-server'
import { beginConnection, beginReconnect } from './connection-flows'
import { refuseGrant } from './connection-health'
import { retryRevocations } from './connection-revocations'
import { freshAccessToken } from './connection-tokens'
import { disconnect, finishConnection } from './connections'
import { deleteDataSource, getDataSource, listDataSources } from './data-sources'
import { auditOf, personOf, tenant } from './testing/tenants'

const code = (value: string) => expect.objectContaining({ code: value })
const provider = 'google_drive'
const input = { provider, environment: 'live', name: 'Drive' } as const

let google: GoogleServer

beforeAll(async () => {
  google = await startGoogle()
  setEnvironment(google.env)
})

afterAll(async () => {
  restoreEnvironment()
  await google.close()
})

type Choice = Parameters<GoogleServer['control']['consent']>[1]

/** Comes back from the provider with what a person chose there. */
function back({ id, url, state }: { id: string; url: string; state: string }, choice?: Choice) {
  return { provider, flowId: id, state, callback: new URL(google.control.consent(url, choice)) } as const
}

async function member(): Promise<UserPrincipal> {
  const { organization } = await tenant()
  return personOf(organization.id, 'member')
}

async function connected(person: UserPrincipal, choice?: Choice) {
  const { id } = await finishConnection(person, back(await beginConnection(person, input), choice))
  return { id, place: { organizationId: person.organizationId, dataSourceId: id } }
}

const tokenOf = (dataSourceId: string) =>
  db().oauthToken.findFirstOrThrow({ where: { connection: { dataSourceId } } })

async function expire(dataSourceId: string): Promise<void> {
  const { connectionId } = await tokenOf(dataSourceId)
  await db().oauthToken.updateMany({ where: { connectionId }, data: { accessExpiresAt: new Date(0) } })
}

describe('a connection begins', () => {
  test('with a source that says how it is connected, and an audit row that names no token', async () => {
    const person = await member()
    const { id } = await connected(person)
    const { connection, status } = await getDataSource(person, { id })
    expect(status).toBe('connected')
    expect(connection).toMatchObject({ provider, state: 'connected', missing_scopes: [], receipt: null })
    const actions = (await auditOf(person.organizationId)).map(({ action }) => action)
    expect(actions).toContain('data_source.connected')
  })

  const strangers: [string, (person: UserPrincipal) => Promise<UserPrincipal>][] = [
    ['another person', async ({ organizationId }) => personOf(organizationId, 'member')],
    ['another session', async (person) => ({ ...person, sessionId: 'sess_other' })],
    [
      'another organization',
      async (person) => ({ ...person, organizationId: (await member()).organizationId }),
    ],
  ]
  test.each(strangers)('never for %s than began it', async (_, other) => {
    const person = await member()
    const answer = back(await beginConnection(person, input))
    await expect(finishConnection(await other(person), answer)).rejects.toEqual(code('connection_expired'))
  })

  test('never in another browser, at another provider, twice, or after 10 minutes', async () => {
    const person = await member()
    const flow = await beginConnection(person, input)
    const answer = back(flow)
    const late = new Date(Date.now() + 10 * 60_000 + 1_000)
    const expired = code('connection_expired')
    await expect(finishConnection(person, { ...answer, state: 'x' })).rejects.toEqual(expired)
    await expect(finishConnection(person, { ...answer, flowId: null })).rejects.toEqual(expired)
    await expect(finishConnection(person, { ...answer, provider: 'slack' })).rejects.toEqual(expired)
    await expect(finishConnection(person, answer, late)).rejects.toEqual(expired)
    await finishConnection(person, answer)
    await expect(finishConnection(person, answer)).rejects.toEqual(expired)
    expect((await listDataSources(person, { limit: 50 })).data).toHaveLength(1)
  })

  test.each<[string, Choice, string]>([
    ['denied consent', { deny: true }, 'consent_denied'],
    ['a scope that was unticked', { scopes: ['openid', 'email'] }, 'scopes_missing'],
  ])('not with %s, and leaves no source behind', async (_, choice, expected) => {
    const person = await member()
    const answer = back(await beginConnection(person, input), choice)
    await expect(finishConnection(person, answer)).rejects.toEqual(code(expected))
    expect((await listDataSources(person, { limit: 50 })).data).toEqual([])
  })

  test('not for a viewer', async () => {
    const { organization } = await tenant()
    const viewer = await personOf(organization.id, 'viewer')
    await expect(beginConnection(viewer, input)).rejects.toEqual(code('insufficient_role'))
  })
})

describe('a token', () => {
  test('that ended is renewed once, however many ask', async () => {
    const { id, place } = await connected(await member())
    google.control.giveTokens({ rotates: true })
    await expire(id)
    const before = google.control.count('POST /token')
    const all = await Promise.all(Array.from({ length: 50 }, () => freshAccessToken(place)))
    expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(google.control.count('POST /token') - before).toBe(1)
  })

  test('lives through 200 renewals with rotation, and none is used twice', async () => {
    const { id, place } = await connected(await member())
    google.control.giveTokens({ rotates: true })
    const reuses = google.control.reuses()
    let { accessToken: refused } = await freshAccessToken(place)
    for (let turn = 0; turn < 200; turn++)
      ({ accessToken: refused } = await freshAccessToken(place, { refused }))
    expect(google.control.reuses()).toBe(reuses)
    expect((await tokenOf(id)).version).toBe(201)
  })

  test('is left to another process that renews it, until its lease is over', async () => {
    const { id, place } = await connected(await member())
    await expire(id)
    const { connectionId } = await tokenOf(id)
    const refreshingUntil = new Date(Date.now() + 500)
    await db().oauthToken.updateMany({ where: { connectionId }, data: { refreshingUntil } })
    await freshAccessToken(place)
    expect(Date.now()).toBeGreaterThanOrEqual(refreshingUntil.getTime())
  })
})

describe('a reconnection', () => {
  test('heals a refused grant with the same account, and is refused with another', async () => {
    google.control.addAccount({
      id: 'another',
      email: 'another@example.com',
      name: 'Another',
      workspace: 'other.example',
    })
    const person = await member()
    const { id, place } = await connected(person)
    await refuseGrant(place, new ProviderFailure('grant_refused', 'invalid_grant'), new Date())
    expect(await getDataSource(person, { id })).toMatchObject({ status: 'connection_failed' })
    const other = back(await beginReconnect(person, { id }), { account: 'another' })
    await expect(finishConnection(person, other)).rejects.toEqual(code('other_account'))
    await finishConnection(person, back(await beginReconnect(person, { id })))
    expect((await getDataSource(person, { id })).connection).toMatchObject({
      state: 'connected',
      failure: null,
    })
  })

  test('of a source of another organization is of one that is not there', async () => {
    const { id } = await connected(await member())
    await expect(beginReconnect(await member(), { id })).rejects.toEqual(code('not_found'))
  })
})

describe('a disconnection', () => {
  /** An account that no other test has connected. */
  function account(): { account: string } {
    const id = `own-${Math.random().toString(36).slice(2)}`
    google.control.addAccount({ id, email: `${id}@example.com`, name: id, workspace: 'own.example' })
    return { account: id }
  }

  test('deletes tokens, revokes, and says so', async () => {
    const [person, own] = [await member(), account()]
    const { id, place } = await connected(person, own)
    const receipt = await disconnect(person, { id })
    expect(receipt).toMatchObject({ tokens_deleted: true, provider: { outcome: 'revoked' } })
    expect(google.control.liveGrants(own.account)).toBe(0)
    await expect(freshAccessToken(place)).rejects.toMatchObject({ kind: 'grant_refused' })
    await expect(disconnect(person, { id })).rejects.toEqual(code('conflict'))
  })

  test('leaves the other organization on the same account connected, and says that it is in use', async () => {
    const [one, two, own] = [await member(), await member(), account()]
    const here = await connected(one, own)
    const there = await connected(two, own)
    expect((await disconnect(one, here)).provider.outcome).toBe('in_use')
    await freshAccessToken(there.place, { refused: (await freshAccessToken(there.place)).accessToken })
    expect((await disconnect(two, there)).provider.outcome).toBe('revoked')
  })

  test('is done here when the provider fails, which is asked again after the source is gone', async () => {
    const [person, own] = [await member(), account()]
    const { id } = await connected(person, own)
    google.control.fail({ on: 'POST /revoke', status: 503 })
    expect((await disconnect(person, { id })).provider).toMatchObject({ outcome: 'pending', at: null })
    google.control.heal()
    await deleteDataSource(person, { id })
    await retryRevocations(new Date(Date.now() + 3_600_000))
    expect(google.control.liveGrants(own.account)).toBe(0)
  })
})
