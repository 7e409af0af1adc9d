import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { type Behaviour, startModelServer } from '../lib/store/testing/model-server'
import { startTwig } from './servers'

const OWN_KEY = 'sk-custom-canary-4m8pTe-0246813579-owns'
const POOL_KEY = 'sk-pool-canary-6n2qUf-9753186420-pool'

/** How a key may be written somewhere. */
function formsOf(key: string): string[] {
  const bytes = Buffer.from(key)
  return [
    key,
    encodeURIComponent(key),
    bytes.toString('base64').slice(0, -4),
    bytes.toString('base64url').slice(0, -4),
    bytes.toString('hex'),
    key.slice(3, 24),
  ]
}

/** Every file below a folder, as one text of its bytes. */
function contentsOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}

const BEHAVIOURS: Behaviour[] = [
  'ok',
  'bad_request',
  'rejected',
  'payment_required',
  'forbidden',
  'insufficient_quota',
  'rate_limited',
  'server_error',
  'cut',
  'error_in_stream',
  'malformed',
  'html',
  'redirect',
]

test('a model key is found nowhere after answers, every failure of its provider, and a process killed in the middle', async () => {
  test.setTimeout(180_000)
  const own = await startModelServer({ keys: [OWN_KEY] })
  const pool = await startModelServer({ keys: [POOL_KEY] })
  const settings = {
    TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32',
    LOG_LEVEL: 'trace',
    OPENAI_BASE_URL: `${pool.url}/v1`,
    TWIG_OPENAI_API_KEY: POOL_KEY,
  }
  const twig = await startTwig(settings)
  const { id: organization = '' } = twig.twig('org', 'create', '--name', 'Canary', '--plan', 'enterprise')
  for (const scope of ['read', 'write', 'execute', 'admin'])
    twig.twig('limits', 'set', '--org', organization, '--scope', scope, '--per-minute', '100000')
  const named = ['--name', 'Canary', '--scopes', 'admin', '--env', 'live']
  const { key } = twig.twig('key', 'create', '--org', organization, ...named)
  const seen: string[] = []
  async function call(url: string, method: string, path: string, body?: object) {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    seen.push(text, JSON.stringify([...answer.headers]))
    return { status: answer.status, text }
  }
  const made = { provider: 'custom', endpoint: `${own.url}/v1`, api_key: OWN_KEY }
  expect((await call(twig.url, 'POST', '/external-keys', made)).status).toBe(201)
  const model = { source: 'custom_key', name: 'canary-1' }
  const agent = JSON.parse((await call(twig.url, 'POST', '/agents', { name: 'Canary', model })).text)
  const asked = { agent_id: agent.id, query: 'Where is it?' }

  for (const behaviour of BEHAVIOURS) {
    own.behave(behaviour, 'answers')
    for (const stream of [false, true]) {
      const { status, text } = await call(twig.url, 'POST', '/query', { ...asked, stream })
      if (behaviour === 'ok' || stream) expect(status, `${behaviour} ${text}`).toBe(200)
    }
  }
  // Two ways of breaking off show in a stream only.
  const failed = (await call(twig.url, 'GET', '/interactions?status=failed&limit=200')).text
  expect(JSON.parse(failed).data.length).toBeGreaterThanOrEqual(2 * BEHAVIOURS.length - 4)
  for (const path of ['/interactions?format=csv', '/external-keys', '/agents', '/whoami'])
    await call(twig.url, 'GET', path)
  expect(pool.calls).toEqual([])

  own.behave('silent', 'answers')
  own.calls.length = 0
  const cutOff = call(twig.url, 'POST', '/query', asked).catch(() => null)
  await expect.poll(() => own.calls.length).toBe(1)
  twig.signal('SIGKILL')
  await cutOff
  const after = await startTwig({ ...settings, TWIG_DATA_DIR: twig.dataDir })
  own.behave('ok')
  expect((await call(after.url, 'POST', '/query', asked)).status).toBe(200)
  await after.close({ keepData: true })

  const sinks = {
    answers: seen.join('\n'),
    log: twig.output() + after.output(),
    'data folder': contentsOf(twig.dataDir),
  }
  expect(sinks['data folder']).toContain(agent.id)
  for (const canary of [OWN_KEY, POOL_KEY]) {
    for (const [sink, text] of Object.entries(sinks)) {
      const found = formsOf(canary).filter((form) => text.includes(form))
      expect(found, sink).toEqual([])
    }
  }
  await twig.close()
  await Promise.all([own.close(), pool.close()])
})
