import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openWorkerWorld } from './testing/worker-world'
import { startPlatform } from './testing/workerd'

vi.setConfig({ testTimeout: 30_000 })
const twig = await openWorkerWorld()
const { world, platform, bindings, arrivals, batches, appUrl, authorization, send } = twig
afterAll(twig.close)
beforeEach(twig.reset)
const AGENTS = '/api/v1/agents'

describe('what is refused', () => {
  test('never reaches the server; what it tells of keys of ours comes in one signed batch', async () => {
    const { key, facts } = await world.mint({ scopes: ['execute'] })
    const tries: [string, Parameters<typeof send>[1]][] = [
      [AGENTS, {}],
      [AGENTS, { headers: { authorization: 'Bearer x' } }],
      [AGENTS, { headers: { authorization: `Bearer ${key}` } }],
      [AGENTS, { headers: { authorization: `Bearer ${key}` } }],
      ['/api/v1/nothing', { headers: { authorization } }],
      [AGENTS, { method: 'PATCH', headers: { authorization } }],
      ['/account', {}],
      ['/account', { method: 'POST', headers: { origin: 'https://evil.example' } }],
      ['/api/internal/verify-key', { method: 'POST' }],
    ]
    for (const [path, sent] of tries) expect((await send(path, sent)).status).toBeGreaterThanOrEqual(300)
    await expect.poll(() => batches).toHaveLength(1)
    expect([arrivals, twig.unsigned]).toEqual([[], 0])
    const refused = { keyId: facts.id, code: 'insufficient_scope', clientIp: '127.0.0.1', admitted: false }
    expect(batches[0]?.events).toMatchObject([refused, refused])
  })

  test('is told again as the very same batch where the server could not take it', async () => {
    twig.takesBatches = false
    const { key } = await world.mint({ scopes: ['execute'] })
    await send(AGENTS, { headers: { authorization: `Bearer ${key}` } })
    await expect.poll(() => batches, { timeout: 5_000 }).toHaveLength(2)
    twig.takesBatches = true
    await expect.poll(() => batches, { timeout: 10_000 }).toHaveLength(3)
    expect(new Set(batches.map(({ id }) => id)).size).toBe(1)
  })
})

test('many at once, of whom nobody knows the keys yet, do not get into each other’s way', async () => {
  const callers = await Promise.all(
    Array.from({ length: 60 }, (_, i) => {
      const scopes = i % 2 === 0 ? ['read' as const] : ['execute' as const]
      return world.mint({ scopes, cached: false })
    }),
  )
  const answers = await Promise.all(
    callers.map(({ key }) => send(AGENTS, { headers: { authorization: `Bearer ${key}` } })),
  )
  expect(answers.map(({ status }) => status)).toEqual(callers.map((_, i) => (i % 2 === 0 ? 200 : 403)))
  const told = () => batches.flatMap(({ events }) => events).length
  await expect.poll(told, { timeout: 5_000 }).toBe(30)
  expect(platform.log()).not.toMatch(/different request|hung|I\/O/i)
})

describe('where a caller is', () => {
  const listed = () => world.mint({ allowlist: ['192.0.2.0/24'] })
  const from = async (headers: Record<string, string>) => {
    const { key } = await listed()
    const reply = await platform.dispatch(appUrl + AGENTS, {
      headers: { authorization: `Bearer ${key}`, ...headers },
    })
    const body = await reply.text()
    return [reply.status, body.startsWith('{') ? JSON.parse(body).code : '']
  }

  test('is what the platform says', async () => {
    expect(await from({ 'cf-connecting-ip': '192.0.2.7' })).toEqual([200, ''])
    expect(await from({ 'cf-connecting-ip': '198.51.100.7' })).toEqual([403, 'ip_not_allowed'])
  })

  test.each(['unknown', '192.0.2.7, 198.51.100.7', '', '192.0.2.7.example'])(
    'is not known from %j: with a list that is 503, or outside, never inside',
    async (said) => {
      const [status] = await from({ 'cf-connecting-ip': said })
      expect([403, 503]).toContain(status)
    },
  )
})

describe('a Worker of its own', () => {
  const open = async (changes: Record<string, string>, use: (one: typeof platform) => Promise<void>) => {
    const one = await startPlatform({ bindings: { ...bindings, ...changes } })
    try {
      await use(one)
    } finally {
      await one.close()
    }
  }

  test('without its servers answers 503 with the request’s id and what the bucket says', async () => {
    await open({ TWIG_ORIGINS: 'http://127.0.0.1:9' }, async (one) => {
      for (const path of [AGENTS, '/login', '/_next/static/x.js']) {
        const reply = await one.dispatch(appUrl + path, { headers: { authorization } })
        const body = await reply.json()
        expect([reply.status, body]).toMatchObject([503, { code: 'temporarily_unavailable', status: 503 }])
        expect(reply.headers.get('retry-after')).toBe('1')
        expect(reply.headers.get('x-request-id')).toBe((body as { request_id: string }).request_id)
        if (path === AGENTS) expect(reply.headers.get('x-ratelimit-limit')).toBe('1000')
      }
      expect(one.log()).not.toMatch(/twigsk_|127\.0\.0\.1:9/)
    })
  })

  test('that is not configured answers everything 503, and its log says what is missing', async () => {
    await open({ TWIG_KEY_PEPPER: '' }, async (one) => {
      const reply = await one.dispatch(appUrl + AGENTS, { headers: { authorization } })
      expect([reply.status, (await reply.json()) as object]).toMatchObject([
        503,
        { code: 'temporarily_unavailable' },
      ])
      await expect.poll(one.log).toContain('TWIG_KEY_PEPPER is not set')
      expect(arrivals).toEqual([])
    })
  })

  test('for an https address refuses calls over plain http and redirects pages, whatever headers say', async () => {
    await open({ APP_URL: 'https://twig.example' }, async (one) => {
      const claims = { authorization, 'x-forwarded-proto': 'https', 'cf-visitor': '{"scheme":"https"}' }
      const plain = await one.dispatch(`http://twig.example${AGENTS}`, { headers: claims })
      expect([plain.status, (await plain.json()) as object]).toMatchObject([
        403,
        { code: 'insecure_transport' },
      ])
      const tls = await one.dispatch(`https://twig.example${AGENTS}`, {
        headers: { authorization, 'x-forwarded-proto': 'http' },
      })
      expect([tls.status, await tls.text()]).toEqual([200, 'served'])
      expect(tls.headers.get('strict-transport-security')).toBe('max-age=31536000')
      expect(arrivals).toHaveLength(1)
    })
  })
})
