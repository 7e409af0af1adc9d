import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { newId } from '../core/ids'
import { db } from '../store/db'
import { type Answer, claim, once } from './idempotency'
import { warmUp } from './testing/keys'
import { keyOf, tenant } from './testing/tenants'

beforeAll(warmUp)

async function caller() {
  const { organization } = await tenant()
  const request = { key: newId('req'), path: '/api/v1/query', body: '{"query":"?"}' }
  return { organizationId: organization.id, program: keyOf(organization.id, ['execute']), request }
}

/** A run that ends when it is told to. */
function slowRun() {
  let finish: (answer: Answer) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const answer = new Promise<Answer>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  let runs = 0
  const run = () => {
    runs += 1
    return answer
  }
  return { run, finish, fail, runs: () => runs }
}

const ok = (text: string): Answer => ({ status: 200, body: { text } })
const record = (organizationId: string) => db().idempotencyRecord.findFirst({ where: { organizationId } })

describe('while the first run is under way', () => {
  test('twenty repetitions wait for its answer and get it, and the work is done once', async () => {
    const { program, request } = await caller()
    const slow = slowRun()
    const all = Array.from({ length: 20 }, () => once(program, request, slow.run))
    await expect.poll(slow.runs).toBe(1)
    slow.finish(ok('once'))
    const answers = await Promise.all(all)
    expect(new Set(answers.map(({ body }) => JSON.stringify(body)))).toEqual(new Set(['{"text":"once"}']))
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(slow.runs()).toBe(1)
  })

  test('another body is a conflict at once', async () => {
    const { program, request } = await caller()
    const slow = slowRun()
    const first = once(program, request, slow.run)
    await expect.poll(slow.runs).toBe(1)
    await expect(once(program, { ...request, body: '{}' }, slow.run)).rejects.toMatchObject({
      code: 'idempotency_conflict',
    })
    slow.finish(ok('first'))
    await first
  })

  test('a repetition that has waited long enough is told so, with a time to come back', async () => {
    const { program, request } = await caller()
    const slow = slowRun()
    const first = once(program, request, slow.run)
    await expect.poll(slow.runs).toBe(1)
    await expect(once(program, request, slow.run, { waitMs: 100 })).rejects.toMatchObject({
      code: 'idempotency_conflict',
      retryAfterSeconds: 5,
    })
    slow.finish(ok('first'))
    await first
  })

  test('a repetition whose caller leaves waits no longer', async () => {
    const { program, request } = await caller()
    const slow = slowRun()
    const first = once(program, request, slow.run)
    await expect.poll(slow.runs).toBe(1)
    const gone = new AbortController()
    const waiting = once(program, request, slow.run, { signal: gone.signal })
    gone.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    slow.finish(ok('first'))
    await first
  })
})

test('where the first run failed, one of those who wait takes its place', async () => {
  const { program, request } = await caller()
  const [broken, sound] = [slowRun(), slowRun()]
  const first = once(program, request, broken.run)
  await expect.poll(broken.runs).toBe(1)
  const others = Array.from({ length: 5 }, () => once(program, request, sound.run))
  broken.fail(new Error('the provider failed'))
  await expect(first).rejects.toThrow('the provider failed')
  await expect.poll(sound.runs).toBe(1)
  sound.finish(ok('second'))
  const answers = await Promise.all(others)
  expect(answers.every(({ body }) => JSON.stringify(body) === '{"text":"second"}')).toBe(true)
  expect(sound.runs()).toBe(1)
})

describe('a run whose process was killed', () => {
  test('holds the key until its lease is over, and no longer', async () => {
    const { organizationId, program, request } = await caller()
    // What a dead process leaves behind: a claim that nobody renews.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const dead = await claim(program, request)
    expect(dead.kind).toBe('mine')
    const sound = slowRun()
    sound.finish(ok('second'))
    await expect(once(program, request, sound.run, { waitMs: 100 })).rejects.toMatchObject({
      code: 'idempotency_conflict',
    })
    const { claimedUntil } = (await record(organizationId)) ?? {}
    expect(Number(claimedUntil) - Date.now()).toBeLessThan(16_000)
    await db().idempotencyRecord.updateMany({
      where: { organizationId },
      data: { claimedUntil: new Date(Date.now() - 1) },
    })
    expect(await once(program, request, sound.run)).toMatchObject({
      body: { text: 'second' },
      replayed: false,
    })
    expect(sound.runs()).toBe(1)
  })

  test('and comes back to life changes nothing of its successor’s answer', async () => {
    const { organizationId, program, request } = await caller()
    const stalled = await claim(program, request)
    await db().idempotencyRecord.updateMany({
      where: { organizationId },
      data: { claimedUntil: new Date(Date.now() - 1) },
    })
    const successor = await claim(program, request)
    if (stalled.kind !== 'mine' || successor.kind !== 'mine') throw new Error('not claimed')
    await stalled.keep(ok('late'))
    expect((await record(organizationId))?.status).toBeNull()
    await stalled.forget()
    await successor.keep(ok('successor'))
    await stalled.keep(ok('later'))
    expect(await claim(program, request)).toEqual({ kind: 'replay', answer: ok('successor') })
  })

  test('while one that works renews its lease', async () => {
    const { organizationId, program, request } = await caller()
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const alive = await claim(program, request)
    await db().idempotencyRecord.updateMany({
      where: { organizationId },
      data: { claimedUntil: new Date(Date.now() + 1_000) },
    })
    vi.advanceTimersByTime(5_000)
    const untilMs = async () => Number((await record(organizationId))?.claimedUntil)
    await expect.poll(async () => (await untilMs()) - Date.now()).toBeGreaterThan(10_000)
    if (alive.kind === 'mine') await alive.forget()
    expect(await record(organizationId)).toBeNull()
  })
})

test('an answer older than 24 hours is no answer any more, whether or not it was swept', async () => {
  const { organizationId, program, request } = await caller()
  await once(program, request, async () => ok('yesterday'))
  await db().idempotencyRecord.updateMany({
    where: { organizationId },
    data: { createdAt: new Date(Date.now() - 24 * 3600 * 1000 - 1_000) },
  })
  expect(await once(program, request, async () => ok('today'))).toEqual({ ...ok('today'), replayed: false })
})
