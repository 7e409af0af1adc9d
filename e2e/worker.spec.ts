import { expect, test } from '@playwright/test'
import { generateKey, parseKey } from '../lib/core/api-key'
import { INTERNAL_HEADER, isInternalCall, readPass, signPass } from '../lib/edge/pass'
import { nodeHmac } from '../lib/store/hmac'
import { generateKey as generateInConsole, signUp, somebody } from './fixtures'
import { type BehindWorker, openBehindWorker } from './testing/behind-worker'

test.describe.configure({ mode: 'serial' })

let here: BehindWorker
const keys: Record<'reader' | 'admin', string> = { reader: '', admin: '' }
test.beforeAll(async () => {
  test.setTimeout(120_000)
  here = await openBehindWorker()
  const { id = '' } = here.twig('org', 'create', '--name', 'Behind', '--plan', 'enterprise')
  const mint = (name: string, scopes: string) =>
    here.twig('key', 'create', '--org', id, '--name', name, '--scopes', scopes, '--env', 'live').key ?? ''
  keys.reader = mint('Reader', 'read')
  keys.admin = mint('Admin', 'admin')
})
test.afterAll(() => here?.close())

interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: string | FormData
  signal?: AbortSignal
}

function ask(path: string, key: string, { headers, ...init }: Asked = {}): Promise<Response> {
  const from = { 'x-forwarded-for': '203.0.113.9', Authorization: `Bearer ${key}` }
  return fetch(here.url + path, { ...init, headers: { ...from, ...headers } })
}

function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body), ...(signal && { signal }) }
  return ask(`/api/v1${path}`, keys.admin, init)
}

test('what the Worker refuses never reaches the server, and is counted there all the same', async () => {
  const { arrivals, database } = here
  const counted = async () => {
    const { rows } = await database.query(
      'select coalesce(sum(requests), 0)::int as requests from usage_days where key_id = $1',
      [parseKey(keys.reader)?.keyId],
    )
    return Number(rows[0]?.requests)
  }
  // From here on the gate knows the key, and what it did first is counted.
  expect((await ask('/api/v1/whoami', keys.reader)).status).toBe(200)
  await expect.poll(counted).toBe(1)
  arrivals.length = 0
  for (let i = 0; i < 40; i++) {
    expect((await ask('/api/v1/agents', keys.reader, { method: 'POST' })).status).toBe(403)
    const { key: forged } = generateKey('live', nodeHmac('the pepper of another Twig, as long as ours'))
    expect((await ask('/api/v1/agents', forged)).status).toBe(401)
  }
  await expect.poll(counted, { timeout: 10_000 }).toBe(41)
  expect([...new Set(arrivals.map(({ method, path }) => `${method} ${path}`))]).toEqual([
    'POST /api/internal/usage',
  ])
  expect(arrivals.length).toBeLessThan(20)
  const hmac = nodeHmac(here.gatewaySecret)
  const now = Math.floor(Date.now() / 1000)
  for (const { path, headers, body } of arrivals)
    expect(isInternalCall(String(headers[INTERNAL_HEADER]), path, body, hmac, now)).toBe(true)
})

test('a server behind the Worker answers nobody who goes past it, and takes a pass for what it is', async () => {
  const code = async (path: string, headers: Record<string, string>, method = 'GET') => {
    const answer = await fetch(here.originUrl + path, { method, headers, redirect: 'manual' })
    const text = await answer.text()
    return [answer.status, text.startsWith('{') ? JSON.parse(text).code : '']
  }
  const refused = [403, 'gate_required']
  const claims = {
    Authorization: `Bearer ${keys.admin}`,
    'x-forwarded-for': '198.51.100.7',
    'cf-connecting-ip': '198.51.100.7',
    'x-forwarded-proto': 'https',
  }
  for (const path of ['/api/v1/whoami', '/v1/agents', '/account', '/login', '/nothing', '/api/v1/nothing']) {
    expect([path, await code(path, claims)]).toEqual([path, refused])
    expect([path, await code(path, { 'x-twig-pass': 'a.b.c' })]).toEqual([path, refused])
  }
  const strange = { [INTERNAL_HEADER]: 'a.b.c' }
  expect(await code('/api/internal/usage', strange, 'POST')).toEqual([404, 'not_found'])
  expect((await code('/healthz', {}))[0]).toBe(200)

  here.arrivals.length = 0
  await ask('/api/v1/whoami', keys.reader)
  const pass = String(here.arrivals.find(({ path }) => path === '/api/v1/whoami')?.headers['x-twig-pass'])
  // Whoever listens between the two could use it for a moment, for that one address; hence TLS between them.
  expect((await code('/api/v1/whoami', { 'x-twig-pass': pass }))[0]).toBe(200)
  for (const [method, path] of [
    ['POST', '/api/v1/agents'],
    ['GET', '/api/v1/agents'],
    ['GET', '/account'],
    ['GET', '/not-found'],
  ] as const) {
    expect([path, await code(path, { 'x-twig-pass': pass }, method)]).toEqual([path, refused])
  }
  const [hmac, now] = [nodeHmac(here.gatewaySecret), Math.floor(Date.now() / 1000)]
  const facts = readPass(pass, hmac, now)
  if (!facts) throw new Error('the Worker sent no pass')
  const old = signPass(facts, hmac, now - 31)
  const foreign = signPass(facts, nodeHmac('another gateway secret, just as long as ours'), now)
  for (const token of [old, foreign])
    expect(await code('/api/v1/whoami', { 'x-twig-pass': token })).toEqual(refused)
})

test('streams come piece by piece and end when their caller leaves, and uploads arrive whole', async () => {
  const { models } = here
  const { id } = (await (await post('/agents', { name: 'Support' })).json()) as { id: string }
  models.behave('slow')
  const answer = await post('/query', { agent_id: id, query: 'One two three?', stream: true })
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const pieces: string[] = []
  for await (const chunk of answer.body ?? []) pieces.push(Buffer.from(chunk as Uint8Array).toString())
  expect(pieces.length).toBeGreaterThan(2)
  expect(pieces.at(-1)).toContain('event: done')
  expect(pieces[0]).not.toContain('event: done')

  models.behave('endless')
  models.calls.length = 0
  const caller = new AbortController()
  const endless = await post('/query', { agent_id: id, query: 'x', stream: true }, caller.signal)
  await endless.body?.getReader().read()
  caller.abort()
  await expect.poll(() => models.calls[0]?.abandoned, { timeout: 15_000 }).toBe(true)

  const source = (await (await post('/data-sources', { name: 'Handbook' })).json()) as { id: string }
  const form = new FormData()
  const words = 'Products can be returned within thirty days. '.repeat(20_000)
  form.append('file', new Blob([words], { type: 'text/plain' }), 'returns.txt')
  const path = `/api/v1/data-sources/${source.id}/documents`
  const upload = await ask(path, keys.admin, { method: 'POST', body: form })
  expect([upload.status, await upload.json()]).toMatchObject([201, { size: words.length }])
})

test('a browser signs up, makes a key and logs out through the Worker, on pages that run their scripts', async ({
  browser,
}) => {
  const extraHTTPHeaders = { 'x-forwarded-for': '203.0.113.20' }
  const page = await browser.newPage({ baseURL: here.url, extraHTTPHeaders })
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await signUp(page, somebody())
  const key = await generateInConsole(page, { name: 'Worker', scopes: ['Read'] })
  expect((await ask('/v1/whoami', key)).status).toBe(200)
  expect(complaints).toEqual([])
  await page.goto('/nothing/at/all')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  expect(new URL(page.url()).pathname).toBe('/nothing/at/all')
  await page.evaluate(() => fetch('/api/auth/logout', { method: 'DELETE' }))
  await page.goto('/account')
  await expect(page).toHaveURL(/\/login\?/)
  await page.close()
})
