import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { DEFAULT_PER_MINUTE, ORGANIZATION_FACTOR } from '../core/rate-limits'
import { db } from '../store/db'
import { openPlayground } from './answers'
import { answeringTenant, answeringWorld } from './testing/answering'
import { warmUp } from './testing/keys'
import { personOf } from './testing/tenants'
import { countAttempt, questionAttempt } from './throttle'

const world = answeringWorld()
beforeAll(warmUp)
beforeEach(() => world.begin())
afterAll(world.end)

const tooFast = expect.objectContaining({
  code: 'rate_limit_exceeded',
  retryAfterSeconds: expect.any(Number),
})

/** Empties a bucket that was used, for longer than a test takes. */
async function empty(bucket: string): Promise<void> {
  const { count } = await db().throttle.updateMany({ where: { bucket }, data: { tokens: -1_000 } })
  expect(count).toBe(1)
}

test('a person asks in the playground as often as a key may, and is then told how long to wait', async () => {
  const { organizationId, agent } = await answeringTenant()
  const [person, colleague] = [
    await personOf(organizationId, 'member'),
    await personOf(organizationId, 'member'),
  ]
  const ask = (who: typeof person) => openPlayground(who, { id: agent.id, message: 'Hello?' })
  await ask(person)
  await empty(`question:${person.userId}`)
  await expect(ask(person)).rejects.toEqual(tooFast)
  await (await ask(colleague)).run()
  expect(world.poolCalls()).toHaveLength(1)
})

test('all people of an organization together ask as often as its keys may, and others are not held up', async () => {
  const [mine, other] = [await answeringTenant(), await answeringTenant()]
  const ask = async ({ organizationId, agent }: typeof mine) =>
    openPlayground(await personOf(organizationId, 'member'), { id: agent.id, message: 'Hello?' })
  await ask(mine)
  await empty(`question:${mine.organizationId}`)
  await expect(ask(mine)).rejects.toEqual(tooFast)
  await ask(other)
})

test('the pace is that of a key', async () => {
  const attempt = questionAttempt('user_pace', 'org_pace')
  const now = new Date()
  for (let asked = 0; asked < DEFAULT_PER_MINUTE.execute; asked++) await countAttempt(attempt, now)
  await expect(countAttempt(attempt, now)).rejects.toMatchObject({ retryAfterSeconds: 1 })
  expect(attempt.buckets.map(({ capacity, refillSeconds }) => [capacity, capacity * refillSeconds])).toEqual([
    [DEFAULT_PER_MINUTE.execute, 60],
    [DEFAULT_PER_MINUTE.execute * ORGANIZATION_FACTOR, 60],
  ])
})
