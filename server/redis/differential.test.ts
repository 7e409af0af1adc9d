import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type IoredisBackend, ioredisBackend, memoryBackend, type RedisBackend } from './backends'
import { commandSchedules, isUnordered, scriptExpressions } from './differential-material'
import { BUCKET_SCRIPT, STATEMENTS } from './differential-scripts'
import { RealRedis, realRedisVersion } from './real-redis'
import type { Reply } from './reply'

// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

// The wording and number formats compared here are those of 7.0; later versions changed some on purpose.
const version = realRedisVersion()
const comparableRedis = version?.startsWith('7.0.') === true
if (!comparableRedis)
  process.stderr.write(
    `left out: the embedded store against a real Redis 7.0 (on PATH: ${version ?? 'none'})\n`,
  )

type Outcome = { result: Reply } | { error: string }

async function outcome(backend: RedisBackend, command: readonly string[]): Promise<Outcome> {
  try {
    return { result: await backend.execute(command) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

/** The outcome without what Redis leaves open: order, a compiler's wording, the sign of NaN. */
function comparable(command: readonly string[], result: Outcome): Outcome {
  if ('error' in result) return { error: result.error.replace(/(Error compiling script .*?): .*/, '$1') }
  if (typeof result.result === 'string') return { result: result.result.replaceAll('-nan', 'nan') }
  if (!isUnordered(command) || !Array.isArray(result.result)) return result
  const [cursor, keys] = result.result
  if (Array.isArray(keys)) return { result: [cursor ?? null, [...keys].sort()] }
  return { result: [...result.result].sort() }
}

describe.runIf(comparableRedis)('the embedded store answers as a real Redis does', () => {
  let redis: RealRedis
  let real: IoredisBackend
  let memory: RedisBackend

  beforeAll(async () => {
    redis = await RealRedis.start()
    real = ioredisBackend(redis.url)
    memory = await memoryBackend({ now: Date.now })
  })

  afterAll(async () => {
    await real.close()
    await memory.close()
    await redis.stop()
  })

  async function expectSame(commands: ReadonlyArray<readonly string[]>): Promise<void> {
    const all = [['FLUSHALL'], ['SCRIPT', 'FLUSH'], ...commands]
    const [left, right] = await Promise.all(
      [memory, real].map((backend) => Promise.all(all.map((command) => outcome(backend, command)))),
    )
    const compared = (results: Outcome[] | undefined) =>
      all.map((command, at) => [command, comparable(command, results?.[at] ?? { error: 'none' })])
    expect(compared(left)).toEqual(compared(right))
  }

  test('to any schedule of commands', async () => {
    await fc.assert(fc.asyncProperty(commandSchedules, expectSame), { numRuns: 300 })
  })

  test('to any transaction, including the ones it discards', async () => {
    const run = async (backend: RedisBackend, commands: string[][]) => {
      await backend.execute(['FLUSHALL'])
      await backend.execute(['SCRIPT', 'FLUSH'])
      const results = await backend.transaction(commands).catch((error: Error) => error.message)
      if (typeof results === 'string') return results
      return results.map((result, at) => comparable(commands[at] ?? [], result))
    }
    await fc.assert(
      fc.asyncProperty(commandSchedules, async (commands) => {
        if (commands.length === 0) return
        expect(await run(memory, commands)).toEqual(await run(real, commands))
      }),
      { numRuns: 100 },
    )
  })

  test.each(STATEMENTS)('to the script %s', async (script) => {
    await expectSame([
      ['SET', 'text', 'b'],
      ['HSET', 'hash', 'f', '1'],
      ['EVAL', script, '2', 'text', 'hash', 'é', '7'],
      ['GET', 'out'],
    ])
  })

  test('to any arithmetic, formatting and concatenation in a script', async () => {
    const scripts = fc.array(scriptExpressions, { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(scripts, (expressions) =>
        expectSame(
          expressions.map((expression) => [
            'EVAL',
            `local function N(v) return v end return ${expression}`,
            '0',
          ]),
        ),
      ),
      { numRuns: 100 },
    )
  })

  const library = readFileSync(
    new URL('../../node_modules/@upstash/ratelimit/dist/index.js', import.meta.url),
    'utf8',
  )
  const tokenBucket = /var tokenBucketLimitScript = `([\s\S]*?)`;/.exec(library)?.[1] ?? ''

  test('to the token bucket of @upstash/ratelimit on any schedule', async () => {
    expect(tokenBucket).toContain('HMGET')
    const step = fc.record({
      key: fc.constantFrom('bucket:1', 'bucket:2'),
      dynamic: fc.constantFrom([], ['limit']),
      waited: fc.integer({ min: 0, max: 2500 }),
      tokens: fc.integer({ min: -2, max: 5 }),
    })
    const schedule = fc.array(step, { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(schedule, fc.integer({ min: 1, max: 30 }), async (steps, limit) => {
        let now = Date.now()
        const commands = steps.map(({ key, dynamic, waited, tokens }) => {
          now += waited
          const keys = [key, ...dynamic]
          return [
            'EVAL',
            tokenBucket,
            String(keys.length),
            ...keys,
            '20',
            '1000',
            '3',
            String(now),
            String(tokens),
          ]
        })
        await expectSame([['SET', 'limit', String(limit)], ...commands, ['HGETALL', 'bucket:1']])
      }),
      { numRuns: 60 },
    )
  })

  test('to a script with fractions, nested buckets and an address range on any schedule', async () => {
    const step = fc.record({
      waited: fc.integer({ min: 0, max: 1500 }),
      secret: fc.constantFrom('digest', 'digest', 'digest', 'other'),
      scope: fc.constantFrom('execute', 'read', 'none'),
      address: fc.constantFrom('0a000005', '0a000105'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        let now = 1_795_441_445_650
        const commands = steps.map(({ waited, secret, scope, address }) => {
          now += waited
          return [
            'EVAL',
            BUCKET_SCRIPT,
            '2',
            'k:1',
            `b:1:${scope}`,
            secret,
            scope,
            address,
            '4,90',
            String(now),
          ]
        })
        await expectSame([
          [
            'HSET',
            'k:1',
            'd',
            'digest',
            'o',
            'org',
            'v',
            '{"name":"é"}',
            'execute',
            '3,70',
            'read',
            '7,1000',
          ],
          ['HSET', 'o:org', 'execute', '9,123', 'a', '0a000000-0a0000ff'],
          ...commands,
          ['HGETALL', 'b:1:execute'],
          ['HGETALL', 'b:org:read'],
        ])
      }),
      { numRuns: 60 },
    )
  })
})
