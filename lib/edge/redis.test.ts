import { createHash } from 'node:crypto'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { connectRedis, run, script } from './redis'
import { closedPort, type FaultyRedis, openFaultyRedis, openFixedRedis } from './testing/faulty-redis'
import { openTestRedis } from './testing/redis'

vi.setConfig({ testTimeout: 30_000 })
const good = await openTestRedis()
afterAll(good.close)

const opened: FaultyRedis[] = []
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

/** A fault that is closed after its test. */
async function during(opening: Promise<FaultyRedis>): Promise<FaultyRedis> {
  const server = await opening
  opened.push(server)
  return server
}

/** Milliseconds until the call failed; throws when it did not. */
async function failsAfter(call: Promise<unknown>): Promise<number> {
  const start = performance.now()
  const failed = await call.then(
    () => false,
    () => true,
  )
  if (!failed) throw new Error('the call did not fail')
  return performance.now() - start
}

describe('values', () => {
  test.each(['1', '01', 'true', 'null', '{"a":1}', '[]', '', 'ü 李 👩🏽‍💻', '"quoted"', '1e400'])(
    '%j comes back as the text that was stored',
    async (value) => {
      await good.redis.set('value', value)
      expect(await good.redis.get('value')).toBe(value)
    },
  )

  test('a missing one is null', async () => {
    expect(await good.redis.get('nothing')).toBeNull()
  })
})

describe('a script', () => {
  test('is known by the SHA-1 of its text', async () => {
    const text = "return redis.call('TIME')"
    expect(await script(text).sha1).toBe(createHash('sha1').update(text).digest('hex'))
  })

  test('that fails in Redis fails here, and is not sent again as text', async () => {
    const broken = script("return redis.call('NOTHING')")
    await good.redis.eval(broken.text, [], []).catch(() => undefined)
    good.requests.length = 0
    await expect(run(good.redis, broken, [], [])).rejects.toThrow()
    expect(good.requests).toHaveLength(1)
  })

  test('goes on with keys and arguments as they are', async () => {
    const echo = script('return {KEYS[1], ARGV[1], ARGV[2]}')
    expect(await run(good.redis, echo, ['k'], ['1', 'ü'])).toEqual(['k', '1', 'ü'])
  })
})

// By the clock on the wall, which a busy machine may hold up now and then: not each time.
describe('an outage', { timeout: 5000, retry: 2 }, () => {
  test('of a closed port fails at once', async () => {
    expect(await failsAfter(connectRedis(await closedPort(), 't').get('x'))).toBeLessThan(1000)
  })

  test('of a server that never answers fails within 300 ms', async () => {
    const silent = await during(openFaultyRedis(() => {}))
    const elapsed = await failsAfter(connectRedis(silent.url, 't').get('x'))
    expect(elapsed).toBeGreaterThan(250)
    expect(elapsed).toBeLessThan(1000)
  })

  test('of a server that sends headers and then nothing fails within 300 ms', async () => {
    const stalled = await during(openFaultyRedis((response) => response.writeHead(200).flushHeaders()))
    expect(await failsAfter(connectRedis(stalled.url, 't').get('x'))).toBeLessThan(1000)
  })

  test('of a server that sends a byte now and then fails within 300 ms', async () => {
    const drip = await during(
      openFaultyRedis((response) => {
        const timer = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(timer))
      }),
    )
    expect(await failsAfter(connectRedis(drip.url, 't').get('x'))).toBeLessThan(1000)
  })

  test('of a fetch that does not even end when it is aborted fails within 300 ms', async () => {
    const signals: (AbortSignal | null | undefined)[] = []
    vi.stubGlobal('fetch', (_url: string, init?: RequestInit) => {
      signals.push(init?.signal)
      return new Promise(() => {})
    })
    expect(await failsAfter(connectRedis('http://127.0.0.1:9', 't').get('x'))).toBeLessThan(1000)
    vi.unstubAllGlobals()
    await vi.waitFor(() => expect(signals.map((signal) => signal?.aborted)).toEqual([true]))
  })

  test.each([
    ['a wrong token', 401, '{"error":"Unauthorized"}'],
    ['a page of HTML', 502, '<html><body>Bad Gateway</body></html>'],
    ['a page of HTML as success', 200, '<html><body>Welcome</body></html>'],
    ['half a JSON', 200, '[{"result":'],
    ['an error inside a list', 200, '[{"error":"ERR x"}]'],
    ['nothing', 200, ''],
    ['an error of Redis', 400, '{"error":"OOM command not allowed"}'],
    ['a loading Redis', 400, '{"error":"LOADING Redis is loading the dataset in memory"}'],
    ['a read-only Redis', 400, '{"error":"READONLY You can\'t write against a read only replica."}'],
    ['too many requests', 429, '{"error":"ERR max daily request limit exceeded."}'],
  ])('with %s fails', async (_name, status, text) => {
    const server = await during(openFixedRedis(status, text))
    const set = script('return 1')
    await expect(run(connectRedis(server.url, 't'), set, [], [])).rejects.toThrow()
  })

  test('in the middle of a command does not send the command a second time', async () => {
    const dropping = await during(openFaultyRedis((response) => response.destroy()))
    await failsAfter(connectRedis(dropping.url, 't').set('x', '1'))
    expect(dropping.requests).toHaveLength(1)
  })

  test('leaves the client whole: the next call to a good server succeeds', async () => {
    let answers = 0
    const flaky = await during(
      openFaultyRedis((response) => {
        answers += 1
        if (answers === 1) response.writeHead(500).end('boom')
        else response.writeHead(200).end('[{"result":"v"}]')
      }),
    )
    const redis = connectRedis(flaky.url, 't')
    await failsAfter(redis.get('x'))
    expect(await redis.get('x')).toBe('v')
  })
})

test('no telemetry goes with a command, only the token, and values are not asked for in base64', async () => {
  const server = await during(openFixedRedis(200, '[{"result":null}]'))
  await connectRedis(server.url, 'the token').get('x')
  const [request] = server.requests
  expect(request?.headers.authorization).toBe('Bearer the token')
  expect(request?.headers).not.toHaveProperty('upstash-encoding')
  expect(Object.keys(request?.headers ?? {}).filter((name) => /telemetry|sdk|platform/i.test(name))).toEqual(
    [],
  )
  expect(request?.body).toBe('[["get","x"]]')
})
