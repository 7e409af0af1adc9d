import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { db } from '../store/db'
import { type Behaviour, startModelServer } from '../store/testing/model-server'
import { openQuery } from './answers'
import {
  agentOf,
  answeringTenant,
  answeringWorld,
  OWN_KEY,
  ownKeyTenant,
  POOL_KEY,
  turnsOf,
} from './testing/answering'
import { plantExternalKey, putEnvelope } from './testing/external-keys'
import { warmUp } from './testing/keys'
import { auditOf } from './testing/tenants'

const world = answeringWorld()
beforeAll(warmUp)
beforeEach(() => world.begin())
afterAll(world.end)

const patience = { wholeMs: 300, pieceMs: 300, streamMs: 1_000 }
const query = (agent: { id: string }) => ({ agent_id: agent.id, query: 'Hello?', stream: false })
const ways = [
  ['as a whole', undefined],
  ['as a stream', () => {}],
] as const

/** What the provider does, and what the caller is told: with a key of their own, and with Twig's. */
const failures: Array<[Behaviour, own: string, pool: string, health: string]> = [
  ['rejected', 'external_key_rejected', 'provider_error', 'rejected'],
  ['forbidden', 'external_key_rejected', 'provider_error', 'rejected'],
  ['payment_required', 'external_key_rejected', 'provider_error', 'out_of_quota'],
  ['insufficient_quota', 'external_key_rejected', 'provider_error', 'out_of_quota'],
  ['bad_request', 'provider_error', 'provider_error', 'ok'],
  ['no_such_model', 'provider_error', 'provider_error', 'ok'],
  ['rate_limited', 'provider_error', 'provider_error', 'ok'],
  ['server_error', 'provider_error', 'provider_error', 'ok'],
  ['overloaded', 'provider_error', 'provider_error', 'ok'],
  ['malformed', 'provider_error', 'provider_error', 'ok'],
  ['html', 'provider_error', 'provider_error', 'ok'],
  ['cut', 'provider_error', 'provider_error', 'ok'],
  ['error_in_stream', 'provider_error', 'provider_error', 'ok'],
  ['silent', 'provider_timeout', 'provider_timeout', 'ok'],
]

async function nobodysEndpoint(): Promise<string> {
  const closed = await startModelServer()
  await closed.close()
  return `${closed.url}/v1`
}

async function healthOf(organizationId: string) {
  await turnsOf(organizationId)
  return (await db().externalKey.findFirstOrThrow({ where: { organizationId } })).health
}

describe.each(ways)('asked %s', (_way, onText) => {
  // Only a stream can tell of a failure in its middle.
  const told = failures.filter(([behaviour]) => behaviour !== 'error_in_stream' || onText)

  test.each(told)(
    'a provider that is %s with the organization’s key is told as %s, and the pool is not asked',
    async (behaviour, own, _pool, health) => {
      const { organizationId, asker, agent } = await ownKeyTenant()
      world.server().behave(behaviour)
      const asking = (await openQuery(asker, query(agent))).run({ onText, patience })
      const error = await asking.catch((error: unknown) => error)
      expect(error).toMatchObject({ name: 'TwigError', code: own })
      expect(JSON.stringify([error, (error as Error).message])).not.toContain(OWN_KEY)
      expect(world.ownCalls()).toHaveLength(1)
      expect(world.poolCalls()).toHaveLength(0)
      expect(await turnsOf(organizationId)).toMatchObject([
        { status: 'failed', code: own, billedTo: 'organization', model: 'gpt-stand-in', input: 'Hello?' },
      ])
      expect(await healthOf(organizationId)).toBe(health)
    },
  )

  test.each(told)(
    'a provider that is %s with Twig’s own key never calls the caller’s key rejected',
    async (behaviour, _own, pool) => {
      const { organizationId, asker, agent } = await answeringTenant()
      world.server().behave(behaviour)
      const asking = (await openQuery(asker, query(agent))).run({ onText, patience })
      const error = await asking.catch((error: unknown) => error)
      expect(error).toMatchObject({ name: 'TwigError', code: pool })
      expect(JSON.stringify([error, (error as Error).message])).not.toMatch(
        /quota|credit|sk-pool|accept the key/,
      )
      expect(await turnsOf(organizationId)).toMatchObject([
        { status: 'failed', code: pool, billedTo: 'twig' },
      ])
    },
  )

  test('a key that was deleted, or can no longer be decrypted, is told so, and nobody is asked', async () => {
    const gone = await ownKeyTenant()
    await db().externalKey.deleteMany({ where: { organizationId: gone.organizationId } })
    const broken = await ownKeyTenant()
    await putEnvelope(broken.externalKeyId, 'v1.dev.AAAA.BBBB')
    for (const { organizationId, asker, agent } of [gone, broken]) {
      const asking = (await openQuery(asker, query(agent))).run({ onText })
      await expect(asking).rejects.toMatchObject({ code: 'external_key_rejected', status: 502 })
      expect(await turnsOf(organizationId)).toMatchObject([
        { status: 'failed', code: 'external_key_rejected', billedTo: null },
      ])
    }
    expect(await healthOf(broken.organizationId)).toBe('unreadable')
    expect(world.server().calls).toHaveLength(0)
  })

  test('an endpoint that is not there is a timeout, and the key is unreachable', async () => {
    const { organizationId, admin, asker } = await answeringTenant()
    const id = await plantExternalKey(organizationId, OWN_KEY, await nobodysEndpoint())
    const model = { source: 'custom_key' as const, name: 'm', external_key_id: id }
    const agent = await agentOf(admin, { model })
    const asking = (await openQuery(asker, query(agent))).run({ onText, patience })
    await expect(asking).rejects.toMatchObject({ code: 'provider_timeout', status: 504 })
    expect(await healthOf(organizationId)).toBe('unreachable')
  })
})

test('what a stream wrote before it broke is kept with the turn', async () => {
  const { organizationId, asker, agent } = await ownKeyTenant()
  world.server().behave('cut')
  const pieces: string[] = []
  const asking = (await openQuery(asker, query(agent))).run({ onText: (text) => void pieces.push(text) })
  await expect(asking).rejects.toMatchObject({ code: 'provider_error' })
  expect(pieces.join('')).toMatch(/^You asked: /)
  expect(await turnsOf(organizationId)).toMatchObject([{ status: 'failed', response: pieces.join('') }])
})

test('a limit of the provider says how long to wait, and a refused question why', async () => {
  const { asker, agent } = await ownKeyTenant()
  world.server().behave('bad_request')
  await expect((await openQuery(asker, query(agent))).run()).rejects.toMatchObject({
    details: { detail: 'This model takes fewer tokens than that.', provider_status: 400 },
  })
})

test('a key that works again is well again', async () => {
  const { organizationId, asker, agent } = await ownKeyTenant()
  world.server().behave('rejected')
  await (await openQuery(asker, query(agent))).run().catch(() => undefined)
  expect(await healthOf(organizationId)).toBe('rejected')
  world.server().behave('ok')
  await (await openQuery(asker, query(agent))).run()
  expect(await healthOf(organizationId)).toBe('ok')
})

describe('where the agent allows a fallback', () => {
  beforeEach(() => world.begin({ TWIG_OPENAI_API_KEY: undefined, TWIG_ANTHROPIC_API_KEY: POOL_KEY }))

  test.each(['rejected', 'insufficient_quota', 'server_error', 'malformed', 'html'] as const)(
    'Twig’s pool answers for a key that is %s: billed to Twig, told in the answer and in the audit log',
    async (behaviour) => {
      for (const [, onText] of ways) {
        const { organizationId, asker, agent, externalKeyId } = await ownKeyTenant({ allow_fallback: true })
        await world.begin({ TWIG_OPENAI_API_KEY: undefined, TWIG_ANTHROPIC_API_KEY: POOL_KEY })
        world.server().behave(behaviour)
        const payers: unknown[] = []
        const turn = await openQuery(asker, query(agent))
        expect(turn.payer).toBeNull()
        const answer = await turn.run({ onText, onPayer: (payer) => payers.push(payer) })
        expect(answer).toMatchObject({
          billed_to: 'twig',
          model: 'claude-haiku-4-5',
          notice: expect.stringMatching(/organization’s key failed/),
        })
        expect(payers).toEqual(['twig'])
        expect([world.ownCalls().length, world.poolCalls().length]).toEqual([1, 1])
        const audit = (await auditOf(organizationId)).filter(({ action }) => action === 'agent.fell_back')
        expect(audit).toMatchObject([
          { targetId: agent.id, after: { billed_to: 'twig', external_key_id: externalKeyId } },
        ])
        expect(await turnsOf(organizationId)).toMatchObject([{ status: 'succeeded', billedTo: 'twig' }])
      }
    },
  )

  test('nobody stands in for an answer that has begun, nor for a question that was refused', async () => {
    const { asker, agent } = await ownKeyTenant({ allow_fallback: true })
    world.server().behave('cut')
    const asking = (await openQuery(asker, query(agent))).run({ onText: () => {} })
    await expect(asking).rejects.toMatchObject({ code: 'provider_error' })
    world.server().behave('bad_request')
    await expect((await openQuery(asker, query(agent))).run()).rejects.toMatchObject({
      code: 'provider_error',
    })
    expect(world.poolCalls()).toHaveLength(0)
  })

  test('and there is no pool, the failure stands', async () => {
    await world.begin({ TWIG_OPENAI_API_KEY: undefined })
    const { organizationId, asker, agent } = await ownKeyTenant({ allow_fallback: true })
    world.server().behave('rejected')
    await expect((await openQuery(asker, query(agent))).run()).rejects.toMatchObject({
      code: 'external_key_rejected',
    })
    expect((await auditOf(organizationId)).map(({ action }) => action)).not.toContain('agent.fell_back')
  })
})
