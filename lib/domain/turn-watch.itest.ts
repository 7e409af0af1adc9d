import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { db } from '../store/db'
import { addAllowlistRange, switchConsoleCoverage } from './allowlist-changes'
import { openPlayground, openQuery } from './answers'
import { operatorFor } from './organizations'
import { answeringTenant, answeringWorld, turnsOf } from './testing/answering'
import { handClock } from './testing/hand-clock'
import { warmUp } from './testing/keys'
import { personOf } from './testing/tenants'
import { endOpenStreams, RECHECK_MS } from './turn-watch'

const world = answeringWorld()
beforeAll(warmUp)
beforeEach(async () => {
  await world.begin()
  world.server().behave('endless')
})
afterAll(world.end)

const query = (agent: { id: string }) => ({ agent_id: agent.id, query: 'Hello?', stream: true })

/** A stream without an end, once its first words are here. */
async function streaming(made: Awaited<ReturnType<typeof answeringTenant>>, signal?: AbortSignal) {
  const { clock, advance, jobs } = handClock()
  const turn = await openQuery(made.asker, query(made.agent))
  const pieces: string[] = []
  const text = () => pieces.join('')
  const ended = turn
    .run({ clock, signal, onText: (piece) => void pieces.push(piece) })
    .catch((error: unknown) => error)
  await expect.poll(() => pieces.length).toBeGreaterThan(0)
  return { ended, advance, jobs, text }
}

const left = () => expect.poll(() => world.server().calls[0]?.abandoned, { timeout: 1_000 }).toBe(true)

describe('every 15 seconds the caller is looked at again', () => {
  test.each([
    ['deleted', { revokedAt: new Date() }, 'revoked_api_key'],
    ['disabled', { disabledAt: new Date() }, 'disabled_api_key'],
    ['past its rotation’s deadline', { endsAt: new Date(Date.now() - 1) }, 'expired_api_key'],
    ['without the execute scope', { scopes: { set: ['read' as const] } }, 'insufficient_scope'],
  ])(
    'a key that is %s ends the answer, at the provider too, and the turn is kept as far as it came',
    async (_what, change, code) => {
      const made = await answeringTenant()
      const { ended, advance, text } = await streaming(made)
      await db().apiKey.update({ where: { id: made.keyId }, data: change })
      advance(RECHECK_MS)
      expect(await ended).toMatchObject({ name: 'TwigError', code })
      await left()
      expect(await turnsOf(made.organizationId)).toMatchObject([
        { status: 'failed', code, response: text(), billedTo: 'twig' },
      ])
    },
  )

  test('a list that no longer holds the caller’s address ends the answer of a key, and of a person once it covers the console', async () => {
    const made = await answeringTenant()
    const { organizationId, agent } = made
    await db().organization.update({ where: { id: organizationId }, data: { plan: 'enterprise' } })
    const [inside, outside] = ['203.0.113.9', '198.51.100.7']
    const person = { ...(await personOf(organizationId, 'member')), clientIp: outside }
    const id = `sess_list${organizationId.slice(4)}`
    const { userId } = person
    await db().session.create({ data: { id, userId, organizationId, method: 'password', userAgent: '' } })
    const { clock, advance: advancePerson } = handClock()
    const turn = await openPlayground({ ...person, sessionId: id }, { id: agent.id, message: 'Hello?' })
    const pieces: string[] = []
    const personEnded = turn
      .run({ clock, onText: (piece) => void pieces.push(piece) })
      .catch((error: unknown) => error)
    const key = await streaming({ ...made, asker: { ...made.asker, clientIp: outside } })
    const operator = operatorFor(organizationId)
    await addAllowlistRange(operator, { cidr: `${inside}/32`, description: '' })
    key.advance(RECHECK_MS)
    expect(await key.ended).toMatchObject({ name: 'TwigError', code: 'ip_not_allowed' })
    await expect.poll(() => pieces.length).toBeGreaterThan(0)
    const before = pieces.length
    advancePerson(RECHECK_MS)
    await expect.poll(() => pieces.length).toBeGreaterThan(before)
    await switchConsoleCoverage(operator, { on: true })
    advancePerson(RECHECK_MS)
    expect(await personEnded).toMatchObject({ code: 'ip_not_allowed' })
  })

  test('a key that still counts lets it go on, whatever the cache believes', async () => {
    const made = await answeringTenant()
    const caller = new AbortController()
    const { ended, advance, text } = await streaming(made, caller.signal)
    for (let look = 0; look < 3; look++) {
      const before = text().length
      advance(RECHECK_MS)
      await expect.poll(() => text().length).toBeGreaterThan(before)
    }
    caller.abort()
    expect(await ended).toMatchObject({ name: 'CallerLeft' })
  })

  test('a person whose session ended, or who is a viewer now, gets no more of it', async () => {
    const { organizationId, agent } = await answeringTenant()
    const changes = [
      (id: string) =>
        db().session.update({ where: { id }, data: { endedAt: new Date(), endReason: 'logged_out' } }),
      async (id: string) => {
        const { userId } = await db().session.findUniqueOrThrow({ where: { id } })
        return db().membership.updateMany({ where: { userId, organizationId }, data: { role: 'viewer' } })
      },
    ]
    for (const [index, change] of changes.entries()) {
      const person = await personOf(organizationId, 'member')
      const id = `sess_watch${organizationId.slice(4)}${index}`
      const { userId } = person
      await db().session.create({ data: { id, userId, organizationId, method: 'password', userAgent: '' } })
      const { clock, advance } = handClock()
      const turn = await openPlayground({ ...person, sessionId: id }, { id: agent.id, message: 'Hello?' })
      const pieces: string[] = []
      const ended = turn
        .run({ clock, onText: (piece) => void pieces.push(piece) })
        .catch((error: unknown) => error)
      await expect.poll(() => pieces.length).toBeGreaterThan(0)
      await change(id)
      advance(RECHECK_MS)
      expect(await ended).toMatchObject({ code: index === 0 ? 'session_expired' : 'insufficient_role' })
    }
  })
})

test('a caller who leaves ends the call at the provider within a second; the turn is cancelled, with what was written', async () => {
  const made = await answeringTenant()
  const caller = new AbortController()
  const { ended, text, jobs } = await streaming(made, caller.signal)
  caller.abort()
  expect(await ended).toMatchObject({ name: 'CallerLeft' })
  await left()
  expect(jobs.size).toBe(0)
  expect(await turnsOf(made.organizationId)).toMatchObject([
    { status: 'cancelled', code: null, response: text() },
  ])
})

test('a caller who leaves before the first word, or before anything was asked, is written down all the same', async () => {
  const made = await answeringTenant()
  world.server().behave('silent')
  const caller = new AbortController()
  const turn = await openQuery(made.asker, query(made.agent))
  const ended = turn.run({ signal: caller.signal }).catch((error: unknown) => error)
  await expect.poll(() => world.server().calls.length).toBe(1)
  caller.abort()
  expect(await ended).toMatchObject({ name: 'CallerLeft' })
  const late = (await openQuery(made.asker, query(made.agent))).run({ signal: caller.signal })
  await expect(late).rejects.toMatchObject({ name: 'CallerLeft' })
  expect(world.server().calls).toHaveLength(1)
  expect(await turnsOf(made.organizationId)).toMatchObject([
    { status: 'cancelled', response: null },
    { status: 'cancelled', response: null },
  ])
})

test('an orderly end of the process ends streams with a word to their callers, and writes them down', async () => {
  const made = await answeringTenant()
  const { ended, text } = await streaming(made)
  endOpenStreams()
  expect(await ended).toMatchObject({ code: 'temporarily_unavailable', status: 503 })
  await left()
  expect(await turnsOf(made.organizationId)).toMatchObject([
    { status: 'failed', code: 'temporarily_unavailable', response: text() },
  ])
})
