import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeEnv } from '../env/node'
import { setEnvironment } from '../env/testing/environment'
import { closeDb } from '../store/db'
import { type DatabaseProxy, startDatabaseProxy } from '../store/testing/database-proxy'
import { openQuery } from './answers'
import { answeringTenant, answeringWorld, turnsOf } from './testing/answering'
import { handClock } from './testing/hand-clock'
import { warmUp } from './testing/keys'
import { RECHECK_MS } from './turn-watch'

const world = answeringWorld()
let proxy: DatabaseProxy
beforeAll(async () => {
  proxy = await startDatabaseProxy(nodeEnv().databaseUrl)
  await world.begin()
  setEnvironment({ DATABASE_URL: proxy.url })
  await closeDb()
  await warmUp()
})
afterAll(async () => {
  await world.end()
  await closeDb()
  await proxy.close()
})

test('a stream goes on while Postgres is away for less than a minute, ends after that, and its turn is written when it is back', async () => {
  const { organizationId, asker, agent } = await answeringTenant()
  world.server().behave('endless')
  const { clock, advance } = handClock()
  const pieces: string[] = []
  const turn = await openQuery(asker, { agent_id: agent.id, query: 'Hello?', stream: true })
  const ended = turn.run({ clock, onText: (text) => void pieces.push(text) }).catch((error: unknown) => error)
  await expect.poll(() => pieces.length).toBeGreaterThan(0)

  await proxy.close()
  for (let look = 1; look <= 3; look++) {
    advance(RECHECK_MS)
    const before = pieces.length
    await expect.poll(() => pieces.length, { timeout: 5_000 }).toBeGreaterThan(before + 20)
  }
  advance(RECHECK_MS)
  expect(await ended).toMatchObject({ code: 'temporarily_unavailable', status: 503 })
  await expect.poll(() => world.server().calls[0]?.abandoned, { timeout: 1_000 }).toBe(true)

  await proxy.open()
  expect(await turnsOf(organizationId)).toMatchObject([
    { status: 'failed', code: 'temporarily_unavailable', response: pieces.join('') },
  ])
})

test('an answer whose turn cannot be written yet is given all the same', async () => {
  const { organizationId, asker, agent } = await answeringTenant()
  world.server().behave('ok')
  const turn = await openQuery(asker, { agent_id: agent.id, query: 'Hello?', stream: true })
  const answer = await turn.run({ onText: () => void proxy.close() })
  expect(answer.response).toBe('You asked: Hello?')
  await proxy.open()
  expect(await turnsOf(organizationId)).toMatchObject([{ id: answer.id, status: 'succeeded' }])
})
