import { describe, expect, test } from 'vitest'
import { TwigError } from '../core/errors'
import { keyMarks } from './key-cache'
import type { Verification } from './key-judge'
import type { Settled } from './limiter'
import { facts, inRow, knownAs, POSTGRES_AWAY, REDIS_AWAY, scene } from './testing/judge'
import { bucketOf, someKey } from './testing/keys'

describe('who decides', () => {
  const settled: [string, Settled][] = [
    ...(['admit', 'known', 'scope', 'limit'] as const).map(
      (kind) => [kind, knownAs(kind)] as [string, Settled],
    ),
    ['mismatch', { kind: 'mismatch' }],
    ...keyMarks.map((reason) => [reason, { kind: 'mark', reason }] as [string, Settled]),
  ]
  test.each(settled)('is Redis alone where it knows the key: %s', async (_name, decision) => {
    const { says, ask } = scene()
    says.redis = [decision]
    expect(await ask()).toEqual({ decision, asked: ['redis'] })
  })

  test('is Redis again after the row was read, where it did not know the key', async () => {
    const { says, ask } = scene()
    says.redis = [{ kind: 'miss' }, knownAs('limit')]
    says.row = [inRow()]
    expect(await ask()).toEqual({ decision: knownAs('limit'), asked: ['redis', 'row', 'redis'] })
  })

  const refusals: Verification[] = [
    { kind: 'mismatch' },
    ...keyMarks.map((reason) => ({ kind: 'mark', reason }) as const),
  ]
  test.each(refusals)('is the row where it refuses a key that Redis does not know: %j', async (refusal) => {
    const { says, ask } = scene()
    says.redis = [{ kind: 'miss' }]
    says.row = [refusal]
    expect(await ask()).toEqual({ decision: refusal, asked: ['redis', 'row'] })
  })

  test('is the row with a bucket of this process where Redis could not be told', async () => {
    const { says, ask } = scene()
    says.redis = [{ kind: 'miss' }]
    says.row = [inRow(false)]
    for (const remaining of [99, 98, 97]) {
      const { decision, asked } = await ask()
      expect(asked[0]).toBe('redis')
      expect(asked).toHaveLength(2)
      expect(decision).toMatchObject({ kind: 'admit', bucket: { remaining, degraded: true } })
    }
  })

  test('is the row with a bucket of this process where Redis is away, and Redis again when it is back', async () => {
    const { clock, says, ask } = scene()
    says.redis = [REDIS_AWAY]
    says.row = [inRow()]
    expect(await ask()).toMatchObject({ decision: { bucket: { degraded: true } }, asked: ['redis', 'row'] })
    expect(await ask()).toMatchObject({ decision: { kind: 'admit' }, asked: ['row, proved'] })
    says.redis = [knownAs('admit')]
    clock.nowMs += 999
    expect(await ask()).toMatchObject({ asked: ['row, proved'] })
    clock.nowMs += 1
    expect(await ask()).toEqual({ decision: knownAs('admit'), asked: ['redis'] })
  })

  test('is the row, where Redis goes away between the two questions', async () => {
    const { says, ask } = scene()
    says.redis = [{ kind: 'miss' }, REDIS_AWAY]
    says.row = [inRow()]
    expect(await ask()).toMatchObject({
      decision: { kind: 'admit', bucket: { degraded: true } },
      asked: ['redis', 'row', 'redis', 'row, proved'],
    })
  })

  test('is nobody where Redis forgets the key three times over: 503, and never let in', async () => {
    const { says, ask } = scene()
    says.redis = [{ kind: 'miss' }]
    says.row = [inRow()]
    await expect(ask()).rejects.toMatchObject({ code: 'temporarily_unavailable', status: 503 })
    await expect(ask()).rejects.toBeInstanceOf(TwigError)
    says.redis = [{ kind: 'miss' }, { kind: 'miss' }, knownAs('admit')]
    expect((await ask()).decision).toEqual(knownAs('admit'))
  })

  test('is nobody where the row cannot be read: its own failure is thrown', async () => {
    const { says, ask } = scene()
    says.redis = [{ kind: 'miss' }]
    says.row = [POSTGRES_AWAY]
    await expect(ask()).rejects.toBe(POSTGRES_AWAY)
    says.redis = [REDIS_AWAY]
    await expect(ask()).rejects.toBe(POSTGRES_AWAY)
  })

  test('divides the buckets of this process among the processes', async () => {
    const { says, ask } = scene({ instances: 4 })
    says.redis = [REDIS_AWAY]
    says.row = [inRow()]
    const { decision } = await ask()
    expect(bucketOf(decision)).toMatchObject({ limit: 25, remaining: 24 })
  })
})

describe('bcrypt is spared', () => {
  const away = (sources: ReturnType<typeof scene>) => {
    sources.says.redis = [REDIS_AWAY]
    sources.says.row = [inRow()]
  }

  test('only for the very digest that was found right, by Redis or by the row', async () => {
    for (const kind of ['admit', 'known', 'scope', 'limit'] as const) {
      const sources = scene()
      sources.says.redis = [knownAs(kind)]
      await sources.ask()
      away(sources)
      sources.says.row = [{ kind: 'mismatch' }, inRow()]
      expect((await sources.ask({ digest: 'other' })).asked).toEqual(['redis', 'row'])
      expect((await sources.ask()).asked).toEqual(['row, proved'])
    }
    const sources = scene()
    away(sources)
    expect((await sources.ask()).asked).toEqual(['redis', 'row'])
    expect((await sources.ask()).asked).toEqual(['row, proved'])
    sources.says.row = [{ kind: 'mismatch' }]
    for (const digest of ['other', 'Digest', 'digest ', '']) {
      expect((await sources.ask({ digest })).asked).toEqual(['row'])
    }
    expect((await sources.ask({ keyId: someKey().id })).asked).toEqual(['row'])
  })

  test('for the owner although somebody else has tried another secret', async () => {
    const sources = scene()
    sources.says.redis = [knownAs('admit')]
    await sources.ask()
    sources.says.redis = [{ kind: 'mismatch' }]
    await sources.ask({ digest: 'other' })
    away(sources)
    sources.says.row = [{ kind: 'mismatch' }, inRow()]
    expect((await sources.ask({ digest: 'other' })).asked).toEqual(['redis', 'row'])
    expect((await sources.ask()).asked).toEqual(['row, proved'])
  })

  test('no longer once the key was refused, by Redis or by the row', async () => {
    const byRedis = scene()
    byRedis.says.redis = [knownAs('admit'), { kind: 'mark', reason: 'disabled' }]
    await byRedis.ask()
    await byRedis.ask()
    away(byRedis)
    expect((await byRedis.ask()).asked).toEqual(['redis', 'row'])

    const byRow = scene()
    byRow.says.redis = [REDIS_AWAY]
    byRow.says.row = [inRow(), { kind: 'mark', reason: 'revoked' }, inRow()]
    expect((await byRow.ask()).asked).toEqual(['redis', 'row'])
    expect((await byRow.ask()).asked).toEqual(['row, proved'])
    expect((await byRow.ask()).asked).toEqual(['row'])
  })

  test('never by what Redis does not know or calls wrong', async () => {
    for (const decision of [{ kind: 'mismatch' }, { kind: 'miss' }] as const) {
      const sources = scene()
      sources.says.redis = [decision]
      sources.says.row = [{ kind: 'mismatch' }]
      await sources.ask()
      away(sources)
      expect((await sources.ask()).asked).toEqual(['redis', 'row'])
    }
  })
})

describe('with Redis and Postgres both away', () => {
  test.each(['redis', 'row'] as const)(
    'a key that was confirmed is admitted for 60 s and not a millisecond longer: by %s',
    async (by) => {
      const sources = scene()
      await sources.confirmThenLoseBoth(by)
      for (const afterMs of [0, 59_999, 1]) {
        sources.clock.nowMs += afterMs
        const { decision } = await sources.ask()
        expect(decision).toMatchObject({ kind: 'admit', facts, bucket: { degraded: true } })
      }
      sources.clock.nowMs += 1
      await expect(sources.ask()).rejects.toBe(POSTGRES_AWAY)
    },
  )

  test('another secret of the same key is not admitted', async () => {
    const sources = scene()
    await sources.confirmThenLoseBoth('redis')
    await expect(sources.ask({ digest: 'other' })).rejects.toBe(POSTGRES_AWAY)
    await expect(sources.ask({ keyId: someKey().id })).rejects.toBe(POSTGRES_AWAY)
  })

  test('the minute begins anew when either confirms the key again', async () => {
    const sources = scene()
    await sources.confirmThenLoseBoth('redis')
    sources.clock.nowMs += 50_000
    await sources.confirmThenLoseBoth('row')
    sources.clock.nowMs += 50_000
    expect((await sources.ask()).decision.kind).toBe('admit')
  })

  test('a key that was refused since is not admitted', async () => {
    for (const source of ['redis', 'row'] as const) {
      const sources = scene()
      await sources.confirmThenLoseBoth('redis')
      const mark = { kind: 'mark', reason: 'disabled' } as const
      sources.clock.nowMs += 1_000
      sources.says.redis = [source === 'redis' ? mark : { kind: 'miss' }]
      sources.says.row = [mark]
      expect((await sources.ask()).decision).toEqual(mark)
      sources.says.redis = [REDIS_AWAY]
      sources.says.row = [POSTGRES_AWAY]
      await expect(sources.ask()).rejects.toBe(POSTGRES_AWAY)
    }
  })

  test('scope, environment, bucket and deadline still count', async () => {
    const sources = scene()
    const endsAtMs = sources.clock.nowMs + 30_000
    sources.says.redis = [{ ...knownAs('admit'), facts: { ...facts, endsAtMs } }, REDIS_AWAY]
    sources.says.row = [POSTGRES_AWAY]
    await sources.ask()
    expect((await sources.ask({ scope: 'admin' })).decision.kind).toBe('scope')
    expect((await sources.ask({ take: false })).decision.kind).toBe('known')
    for (let i = 0; i < 100; i++) expect((await sources.ask()).decision.kind).toBe('admit')
    expect((await sources.ask()).decision.kind).toBe('limit')
    sources.clock.nowMs = endsAtMs
    expect((await sources.ask()).decision).toEqual({ kind: 'mark', reason: 'expired' })
  })

  test('at most 10,000 keys are remembered, those that were confirmed last', async () => {
    const sources = scene()
    sources.says.redis = [knownAs('admit')]
    const ask = (number: number) => sources.ask({ keyId: `key_${number}` })
    for (let number = 1; number <= 10_000; number++) await ask(number)
    await ask(1)
    await ask(10_001)
    sources.says.redis = [REDIS_AWAY]
    sources.says.row = [POSTGRES_AWAY]
    for (const number of [1, 3, 10_000, 10_001]) expect((await ask(number)).decision.kind).toBe('admit')
    await expect(ask(2)).rejects.toBe(POSTGRES_AWAY)
  })
})

test('an outage of Redis is told when it begins and once a second while it goes on, with its own cause', async () => {
  const { clock, says, told, ask } = scene()
  says.redis = [REDIS_AWAY]
  says.row = [inRow()]
  for (const toldSoFar of [1, 2, 3]) {
    for (let i = 0; i < 20; i++) await ask()
    expect(told).toEqual(Array(toldSoFar).fill(REDIS_AWAY))
    clock.nowMs += 1_000
  }
  says.redis = [knownAs('admit')]
  await ask()
  expect(told).toHaveLength(3)
})
