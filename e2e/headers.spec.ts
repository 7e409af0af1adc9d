import { bearer, expect, generateKey, test } from './fixtures'

const MALFORMED: Array<[string, string | undefined, string]> = [
  ['no header', undefined, 'missing_authorization'],
  ['an empty header', '', 'missing_authorization'],
  ['the scheme alone', 'Bearer', 'missing_authorization'],
  ['the key alone', 'KEY', 'missing_bearer_prefix'],
  ['Basic', 'Basic dHdpZzp0d2ln', 'missing_bearer_prefix'],
  ['Token', 'Token KEY', 'missing_bearer_prefix'],
  ['a colon for the space', 'Bearer:KEY', 'missing_bearer_prefix'],
  ['no space', 'BearerKEY', 'missing_bearer_prefix'],
  ['two spaces', 'Bearer  KEY', 'whitespace_in_key'],
  ['a tab', 'Bearer\tKEY', 'whitespace_in_key'],
  ['a space inside', 'Bearer HALF HALF', 'whitespace_in_key'],
  ['two keys', 'Bearer KEY, Bearer KEY', 'whitespace_in_key'],
  ['two keys without space', 'Bearer KEY,KEY', 'invalid_key_format'],
  ['double quotes', 'Bearer "KEY"', 'invalid_key_format'],
  ['single quotes', "Bearer 'KEY'", 'invalid_key_format'],
  ['angle brackets', 'Bearer <KEY>', 'invalid_key_format'],
  ['a variable not filled in', 'Bearer $TWIG_API_KEY', 'invalid_key_format'],
  ['null', 'Bearer null', 'invalid_key_format'],
  ['undefined', 'Bearer undefined', 'invalid_key_format'],
  ['an object', 'Bearer [object', 'invalid_key_format'],
  ['the prefix alone', 'Bearer twigsk_live_', 'invalid_key_format'],
  ['another product', 'Bearer sk_live_0123456789abcdef0123456789abcdef', 'invalid_key_format'],
  ['an unknown environment', 'Bearer twigsk_prod_REST', 'invalid_key_format'],
  ['capitals in the prefix', 'Bearer TWIGSK_LIVE_REST', 'invalid_key_format'],
  ['a dash in the prefix', 'Bearer twigsk-live-REST', 'invalid_key_format'],
  ['one character short', 'Bearer SHORT', 'invalid_key_format'],
  ['one character long', 'Bearer KEYx', 'invalid_key_format'],
  ['percent-encoding', 'Bearer twigsk%5Flive%5FREST', 'invalid_key_format'],
  ['a session token', 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl', 'invalid_key_format'],
  ['a trailing full stop', 'Bearer KEY.', 'invalid_key_format'],
  ['one character changed', 'Bearer TYPO', 'invalid_api_key'],
  ['the case changed', 'Bearer CASE', 'invalid_api_key'],
]

test('each malformed Authorization header is told its own mistake', async ({ page, person, api }) => {
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Headers', scopes: ['Read'] })
  const rest = key.slice('twigsk_live_'.length)
  const typo = key.slice(0, 30) + (key[30] === 'A' ? 'B' : 'A') + key.slice(31)
  const flip = [...key].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join('')
  const fill = (text: string) =>
    text
      .replaceAll('SHORT', key.slice(0, -1))
      .replaceAll('TYPO', typo)
      .replaceAll('CASE', `twigsk_live_${flip.slice('twigsk_live_'.length)}`)
      .replaceAll('HALF', key.slice(0, 20))
      .replaceAll('KEY', key)
      .replaceAll('REST', rest)
  for (const [what, header, code] of MALFORMED) {
    const headers: Record<string, string> = header === undefined ? {} : { Authorization: fill(header) }
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
