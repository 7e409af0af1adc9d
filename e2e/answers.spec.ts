import { setTimeout as sleep } from 'node:timers/promises'
import { type ModelServer, startModelServer } from '../lib/store/testing/model-server'
import { bearer, expect, generateKey, test } from './fixtures'
import { startTwig } from './servers'

test.describe.configure({ mode: 'serial' })

const POOL_KEY = 'sk-pool-0123456789abcdef'

let models: ModelServer
let twig: Awaited<ReturnType<typeof startTwig>>
let organizationId: string
let key: string
let keyId: string
let agentId: string

test.beforeAll(async () => {
  test.setTimeout(120_000)
  models = await startModelServer()
  twig = await startTwig({ OPENAI_BASE_URL: `${models.url}/v1`, TWIG_OPENAI_API_KEY: POOL_KEY })
  organizationId = twig.twig('org', 'create', '--name', 'Answers', '--plan', 'enterprise').id ?? ''
  const limits = ['limits', 'set', '--org', organizationId, '--per-minute', '100000', '--scope']
  for (const scope of ['read', 'write', 'execute', 'admin']) twig.twig(...limits, scope)
  ;({ id: keyId, key } = newKey())
  agentId = (await json(await post('/agents', { name: 'Support' }))).id as string
})
test.afterAll(async () => {
  await twig.close()
  await models.close()
})
test.beforeEach(() => {
  models.behave('ok')
  models.calls.length = 0
})

function newKey(): { id: string; key: string } {
  const named = ['--name', 'Test', '--scopes', 'admin', '--env', 'live']
  const { id = '', key = '' } = twig.twig('key', 'create', '--org', organizationId, ...named)
  return { id, key }
}

function post(path: string, body: object, headers: Record<string, string> = {}, signal?: AbortSignal) {
  return fetch(`${twig.url}/api/v1${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  })
}

async function json(answer: Response): Promise<Record<string, unknown>> {
  return (await answer.json()) as Record<string, unknown>
}

interface Event {
  name: string
  data: Record<string, unknown>
}

/** The events of a stream; comments are none. */
function eventsOf(text: string): Event[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => {
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? []
      return { name, data: JSON.parse(data) }
    })
}

/** The newest turn that is written down. */
async function lastTurn(): Promise<Record<string, unknown>> {
  const answer = await fetch(`${twig.url}/api/v1/interactions?limit=1`, bearer(key))
  const { data } = (await answer.json()) as { data: Record<string, unknown>[] }
  return data[0] ?? {}
}

/** How the latest questions with the key were counted, the last one first. */
async function lastRequests(count: number): Promise<string[]> {
  const answer = await fetch(`${twig.url}/api/v1/api-keys/${keyId}/requests?limit=20`, bearer(key))
  const { data } = (await answer.json()) as { data: { path: string; status: number; code: string | null }[] }
  const asked = data.filter(({ path }) => path === '/query')
  return asked.slice(0, count).map(({ status, code }) => `${status} ${code}`)
}

test('a question is answered, told in a header who is billed, and read back as an interaction', async () => {
  const answer = await post('/query', { agent_id: agentId, query: 'Hello there?' })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('x-twig-billed-to')).toBe('twig')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const body = await json(answer)
  expect(body).toMatchObject({ response: 'You asked: Hello there?', billed_to: 'twig' })
  const found = await fetch(`${twig.url}/api/v1/interactions/${body.id}`, bearer(key))
  expect(await found.json()).toMatchObject({ id: body.id, input: 'Hello there?', status: 'succeeded' })
  const csv = await fetch(`${twig.url}/api/v1/interactions?format=csv`, bearer(key))
  expect(await csv.text()).toContain('Hello there?')
})

test('a conversation remembers', async () => {
  const first = await json(await post('/chat', { agent_id: agentId, message: 'My name is Ada.' }))
  const { session_id } = first
  await post('/chat', { agent_id: agentId, message: 'Who am I?', session_id })
  expect(JSON.stringify(models.calls[1]?.body)).toContain('My name is Ada.')
  const wrong = await post('/chat', { agent_id: agentId, message: 'x', session_id: 'sess_0' })
  expect([wrong.status, (await json(wrong)).code]).toEqual([404, 'not_found'])
})

test('a stream is events as they are written, compressed or not, and its end is the whole answer', async () => {
  for (const encoding of ['identity', 'gzip']) {
    models.behave('slow')
    const answer = await post(
      '/query',
      { agent_id: agentId, query: 'One two three?', stream: true },
      { 'Accept-Encoding': encoding },
    )
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(answer.headers.get('x-accel-buffering')).toBe('no')
    expect(answer.headers.get('x-twig-billed-to')).toBe('twig')
    const times: number[] = []
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) {
      times.push(performance.now())
      text += decoder.decode(chunk as Uint8Array, { stream: true })
    }
    // Pieces come 300 ms apart.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(500)
    const events = eventsOf(text)
    const deltas = events.filter(({ name }) => name === 'delta').map(({ data }) => data.text)
    expect(deltas.join('')).toBe('You asked: One two three?')
    expect(events.at(-1)).toMatchObject({ name: 'done', data: { response: deltas.join('') } })
  }
})

test('a provider that fails ends a stream with an error event, and a whole answer with 502', async () => {
  models.behave('server_error')
  const stream = await post('/query', { agent_id: agentId, query: 'x', stream: true })
  const [event, ...more] = eventsOf(await stream.text())
  expect(event).toMatchObject({ name: 'error', data: { code: 'provider_error', status: 502 } })
  expect(more).toEqual([])
  const whole = await post('/query', { agent_id: agentId, query: 'x' })
  expect([whole.status, (await json(whole)).code]).toEqual([502, 'provider_error'])
  const missing = await post('/query', { agent_id: 'agent_0', query: 'x', stream: true })
  expect([missing.status, (await json(missing)).code]).toEqual([404, 'not_found'])
  // Each counts once, a stream by how it ended.
  await expect
    .poll(() => lastRequests(3))
    .toEqual(['404 not_found', '502 provider_error', '502 provider_error'])
})

for (const [what, behaviour, stream] of [
  ['a stream', 'endless', true],
  ['an answer', 'silent', false],
] as const) {
  test(`a caller who leaves ${what} ends the provider’s call within a second; the turn is cancelled`, async () => {
    models.behave(behaviour)
    const caller = new AbortController()
    const asking = post('/query', { agent_id: agentId, query: 'x', stream }, {}, caller.signal)
    const reading = asking.then((answer) => answer.text()).catch(() => '')
    await expect.poll(() => models.calls.length).toBe(1)
    await sleep(300)
    caller.abort()
    await reading
    await expect.poll(() => models.calls[0]?.abandoned, { timeout: 1_000 }).toBe(true)
    await expect.poll(async () => (await lastTurn()).status, { timeout: 2_000 }).toBe('cancelled')
    expect(typeof (await lastTurn()).response).toBe(stream ? 'string' : 'object')
    await expect.poll(() => lastRequests(1)).toEqual(['499 null'])
  })
}

for (const stream of [false, true]) {
  test(`twenty at once with one Idempotency-Key ask the provider once and get one answer (stream: ${stream})`, async () => {
    models.behave('slow')
    const headers = { 'Idempotency-Key': `twenty-${stream}` }
    const body = { agent_id: agentId, message: 'One two?', stream }
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await post('/chat', body, headers)
        const text = await answer.text()
        const whole = stream ? JSON.stringify(eventsOf(text).at(-1)?.data) : text
        return {
          status: answer.status,
          whole,
          isReplay: answer.headers.get('idempotent-replayed') === 'true',
        }
      }),
    )
    expect(models.calls).toHaveLength(1)
    expect(new Set(answers.map(({ whole }) => whole)).size).toBe(1)
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(answers.filter(({ isReplay }) => !isReplay)).toHaveLength(1)
    const other = await post('/chat', { ...body, message: 'Another?' }, headers)
    expect(other.status).toBe(409)
  })
}

test('a key deleted in the middle of a stream ends it within 15 seconds, and the call at the provider', async () => {
  models.behave('endless')
  const revoked = newKey()
  const answer = await post(
    '/query',
    { agent_id: agentId, query: 'x', stream: true },
    { Authorization: `Bearer ${revoked.key}` },
  )
  const reading = answer.text()
  twig.twig('key', 'revoke', revoked.id)
  const deletedMs = performance.now()
  const last = eventsOf(await reading).at(-1)
  expect(performance.now() - deletedMs).toBeLessThan(16_000)
  expect(last).toMatchObject({ name: 'error', data: { code: 'revoked_api_key', status: 401 } })
  await expect.poll(() => models.calls[0]?.abandoned, { timeout: 1_000 }).toBe(true)
  expect(await lastTurn()).toMatchObject({ status: 'failed', code: 'revoked_api_key' })
})

test('with no provider the sources are quoted, to a program and to a person in the playground', async ({
  page,
  person,
  api,
  baseURL,
}) => {
  expect(person.email).toContain('@')
  const own = await generateKey(page, { name: 'All', scopes: ['Read', 'Write', 'Execute'] })
  const call = async (path: string, data: object) =>
    (await api.post(`/api/v1${path}`, { ...bearer(own), data })).json()
  const source = await call('/data-sources', { name: 'Handbook', kind: 'text' })
  const text = 'You can return any item within 30 days of purchase. Refunds take a week.'
  await call(`/data-sources/${source.id}/documents`, { title: 'Returns', text })
  const agent = await call('/agents', { name: 'Support', data_source_ids: [source.id] })
  const question = 'How many days do I have to return an item?'
  const ask = () => call('/query', { agent_id: agent.id, query: question })
  await expect.poll(async () => (await ask()).sources?.length, { timeout: 30_000 }).toBe(1)
  const quoted = 'From “Returns”: “You can return any item within 30 days of purchase.”'
  expect(await ask()).toMatchObject({ response: quoted, model: 'twig-extractive', billed_to: 'twig' })

  const path = `/agents/${agent.id}/chat`
  const headers = { Origin: new URL(baseURL ?? '').origin }
  const played = await page.request.post(path, { headers, data: { message: question } })
  expect(played.status()).toBe(200)
  const events = eventsOf(await played.text())
  expect(events.map(({ name }) => name)).toEqual(['delta', 'done'])
  expect(events.at(-1)?.data).toMatchObject({ response: quoted })
  const turn = await api.get(`/api/v1/interactions/${events.at(-1)?.data.id}`, bearer(own))
  expect(await turn.json()).toMatchObject({ kind: 'chat', key_id: null, user_id: expect.any(String) })

  const foreign = await page.request.post(path, {
    headers: { Origin: 'https://elsewhere.example' },
    data: { message: question },
  })
  expect(foreign.status()).toBe(403)
  const stranger = await api.post(path, { headers, data: { message: question }, maxRedirects: 0 })
  expect(stranger.status()).toBe(303)
  const keyed = await api.post(path, {
    headers: { ...headers, ...bearer(own).headers },
    data: { message: question },
    maxRedirects: 0,
  })
  expect(keyed.status()).toBe(303)
  const wrong = await page.request.post(path, { headers, data: { message: '', more: 1 } })
  expect([wrong.status(), (await wrong.json()).code]).toEqual([400, 'invalid_request'])
})

test('a server that is stopped ends its streams with a word', async () => {
  models.behave('endless')
  const answer = await post('/query', { agent_id: agentId, query: 'x', stream: true })
  const reading = answer.text()
  twig.signal('SIGTERM')
  const last = eventsOf(await reading).at(-1)
  expect(last).toMatchObject({ name: 'error', data: { code: 'temporarily_unavailable', status: 503 } })
  await expect.poll(() => models.calls[0]?.abandoned, { timeout: 1_000 }).toBe(true)
})
