import { bearer, expect, generateKey, test } from './fixtures'
import { filledIn, MALFORMED } from './testing/malformed-headers'

test('each malformed Authorization header is told its own mistake', async ({ page, person, api }) => {
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Headers', scopes: ['Read'] })
  const rest = key.slice('twigsk_live_'.length)
  for (const [what, header, code] of MALFORMED) {
    const headers: Record<string, string> =
      header === undefined ? {} : { Authorization: filledIn(header, key) }
    const answer = await api.get('/api/v1/whoami', { headers })
    const body = await answer.json()
    expect.soft([what, answer.status(), body.code]).toEqual([what, 401, code])
    expect.soft(body.error).toBe('Invalid API key')
    expect.soft(body.message.length).toBeGreaterThan(20)
    expect.soft(JSON.stringify(body)).not.toContain(rest.slice(12, 44))
    const challenge = code === 'missing_authorization' ? 'Bearer realm="twig"' : 'error="invalid_token"'
    expect.soft(answer.headers()['www-authenticate']).toContain(challenge)
  }
  const lower = await api.get('/api/v1/whoami', { headers: { Authorization: `bearer ${key}` } })
  expect(lower.status()).toBe(200)
})

test('a Test key is refused by the production API and a Live key by the test API, with a sentence that says so', async ({
  page,
  person,
  api,
}) => {
  expect(person.email).toContain('@')
  const live = await generateKey(page, { name: 'Live', scopes: ['Read', 'Write'] })
  const testKey = await generateKey(page, { name: 'Test', scopes: ['Read', 'Write'], environment: 'Test' })
  for (const [path, key] of [
    ['/api/test/v1/agents', live],
    ['/test/v1/agents', live],
    ['/api/v1/agents', testKey],
    ['/v1/agents', testKey],
  ] as const) {
    const answer = await api.get(path, bearer(key))
    expect(answer.status()).toBe(401)
    expect(await answer.json()).toMatchObject({ error: 'Invalid API key', code: 'wrong_environment' })
  }
  const made = await api.post('/api/test/v1/agents', { ...bearer(testKey), data: { name: 'Only in Test' } })
  expect(made.status()).toBe(201)
  const { id } = await made.json()
  expect((await api.get(`/api/v1/agents/${id}`, bearer(live))).status()).toBe(404)
  expect((await api.get(`/test/v1/agents/${id}`, bearer(testKey))).status()).toBe(200)
})

test('unknown paths are 404, other methods 405 with Allow, and any origin may ask without credentials', async ({
  api,
}) => {
  const missing = await api.get('/api/v1/nothing')
  expect(missing.status()).toBe(404)
  expect(await missing.json()).toMatchObject({ code: 'not_found' })
  const method = await api.patch('/api/v1/agents')
  expect(method.status()).toBe(405)
  expect(method.headers().allow).toContain('POST')
  const preflight = await api.fetch('/api/v1/agents', {
    method: 'OPTIONS',
    headers: { Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'POST' },
  })
  expect(preflight.status()).toBe(204)
  expect(preflight.headers()['access-control-allow-origin']).toBe('*')
  expect(preflight.headers()['access-control-allow-credentials']).toBeUndefined()
})
