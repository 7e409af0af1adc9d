import type { Page } from '@playwright/test'
import { type ModelServer, startModelServer } from '../lib/store/testing/model-server'
import { inspect } from './accessible'
import { bearer, dumpDatabase, dumpRedis, expect, generateKey, serverUnderTest, test } from './fixtures'

const GOOD = 'sk-custom-canary-7f3kQz-0123456789-wxyz'
const NEXT = 'sk-custom-canary-8g4lRa-9876543210-next'
const WRONG = 'sk-custom-canary-wrong-5h5mSb-zzzz'

let server: ModelServer
test.beforeAll(async () => {
  server = await startModelServer({ keys: [GOOD, NEXT], slowMs: 1_500 })
})
test.beforeEach(() => server.behave('ok'))
test.afterAll(() => server.close())
test.describe.configure({ mode: 'serial' })

const PATH = '/settings/external-keys'

/** Fills in the form for a server of one's own and sends it. */
async function add(page: Page, key: string, endpoint = `${server.url}/v1`): Promise<void> {
  await page.getByLabel('Provider', { exact: true }).selectOption('Custom')
  await page.getByLabel('Endpoint', { exact: true }).fill(endpoint)
  await page.getByLabel('API Key', { exact: true }).fill(key)
  await page.getByRole('button', { name: 'Save' }).click()
}

async function choose(page: Page, name: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

test('a key is tested, added, checked, replaced, renamed and deleted, accessible at every step', async ({
  page,
  person,
  api,
  complaints,
}) => {
  test.setTimeout(180_000)
  expect(person.email).toContain('@')
  const admin = await generateKey(page, { name: 'Admin', scopes: ['Admin'] })
  await page.goto('/agents')
  await page.getByRole('link', { name: 'External API Keys' }).click()
  await expect(page.getByText('No external keys yet')).toBeVisible()
  await inspect(page, 'empty')

  await page.getByRole('button', { name: 'Add Key' }).click()
  await expect(page.getByLabel('Endpoint', { exact: true })).toBeHidden()
  await add(page, WRONG)
  await expect(page.getByText(/does not accept the key \(401\)/)).toBeVisible()
  await expect(page.getByLabel('API Key', { exact: true })).toBeFocused()
  await expect(page.getByLabel('Endpoint', { exact: true })).toHaveValue(`${server.url}/v1`)
  await expect(page.getByLabel('API Key', { exact: true })).toHaveValue(WRONG)
  expect(await page.content()).not.toContain(WRONG)
  await inspect(page, 'refused')
  await page.getByLabel('Endpoint', { exact: true }).fill('https://10.0.0.1/v1')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText(/address that Twig does not call/)).toBeVisible()

  server.behave('slow')
  await add(page, GOOD)
  await expect(page.getByRole('button', { name: 'Save' })).toHaveAttribute('aria-busy', 'true')
  await expect(page.getByText(/Asking the server/)).toBeVisible()
  await expect(page.getByText('Custom added')).toBeVisible()
  server.behave('ok')
  const row = page.getByRole('row', { name: /Custom/ })
  await expect(row).toContainText('…wxyz')
  await expect(row).toContainText('OK')
  await expect(row).toContainText('No agent')

  server.behave('rejected')
  await choose(page, 'Custom', 'Check now')
  await expect(row).toContainText('Rejected')
  await expect(row).toContainText('does not accept the key (401)')
  await inspect(page, 'rejected')
  server.behave('ok')

  await choose(page, 'Custom', 'Replace')
  await page.getByLabel('API Key', { exact: true }).fill(NEXT)
  await inspect(page, 'replace')
  await page.getByRole('button', { name: 'Replace' }).click()
  await expect(page.getByText('Custom replaced')).toBeVisible()
  await expect(row).toContainText('…next')
  await expect(row).toContainText('OK')

  await choose(page, 'Custom', 'Rename')
  await page.getByLabel('Name', { exact: true }).fill('Own server')
  await page.getByRole('button', { name: 'Save' }).click()
  const renamed = page.getByRole('row', { name: /Own server/ })
  await expect(renamed).toBeVisible()

  const [key] = (await (await api.get('/api/v1/external-keys', bearer(admin))).json()).data
  const model = { source: 'custom_key', name: 'gpt-stand-in', external_key_id: key.id }
  const made = await api.post('/api/v1/agents', { ...bearer(admin), data: { name: 'Support', model } })
  expect(made.status()).toBe(201)
  await page.reload()
  await expect(renamed.getByRole('link', { name: 'Support' })).toBeVisible()

  await choose(page, 'Own server', 'Delete')
  await expect(page.getByText('This agent stops answering')).toBeVisible()
  await expect(page.getByRole('alertdialog').getByText('Support')).toBeVisible()
  await inspect(page, 'delete')
  const confirm = page.getByRole('alertdialog').getByRole('button', { name: 'Delete' })
  await expect(confirm).toBeDisabled()
  await page.getByLabel(/to confirm/).fill('Own server')
  await confirm.click()
  await expect(page.getByText('Own server deleted')).toBeVisible()
  await expect(page.getByText('No external keys yet')).toBeVisible()
  expect(complaints).toEqual([])
})

test('a key that went through success and every failure is found nowhere: log, database, Redis, pages, errors, audit', async ({
  page,
  person,
  api,
}) => {
  test.setTimeout(120_000)
  expect(person.email).toContain('@')
  const admin = await generateKey(page, { name: 'Admin', scopes: ['Admin'] })
  const seen: string[] = []
  page.on('response', async (response) => {
    if (/^text|json|x-component/.test(response.headers()['content-type'] ?? ''))
      seen.push(await response.text().catch(() => ''))
  })
  const base = '/api/v1/external-keys'
  const call = async (method: 'post' | 'put' | 'patch' | 'get' | 'delete', path: string, data?: object) => {
    const options = { ...bearer(admin), ...(data ? { data } : {}) }
    const response = await api[method](path, options)
    const text = await response.text()
    seen.push(text, JSON.stringify(response.headers()))
    return { status: response.status(), body: JSON.parse(text) }
  }
  const input = { provider: 'custom', endpoint: `${server.url}/v1`, api_key: GOOD }
  const headers = { ...bearer(admin).headers, 'Idempotency-Key': 'canary-1' }
  const made = await api.post(base, { headers, data: input })
  expect(made.status()).toBe(201)
  const { id } = await made.json()
  seen.push(await made.text())
  for (const behaviour of [
    'rejected',
    'insufficient_quota',
    'server_error',
    'malformed',
    'html',
    'redirect',
    'cut',
  ] as const) {
    server.behave(behaviour)
    await call('post', `${base}/${id}/check`)
    await call('get', `${base}/${id}/models`)
    await call('post', base, input)
    await call('put', `${base}/${id}`, { api_key: NEXT })
  }
  server.behave('ok')
  for (const wrong of [
    { ...input, api_key: `${WRONG} with a space` },
    { ...input, provider: 'nobody', api_key: WRONG },
    { ...input, api_key: [WRONG] },
    { ...input, endpoint: `https://${WRONG}@example.com`, api_key: WRONG },
    { ...input, more: WRONG, api_key: WRONG },
    { ...input, api_key: WRONG.repeat(100) },
  ])
    expect((await call('post', base, wrong)).status).toBe(400)
  await page.goto(PATH)
  await page.getByRole('button', { name: 'Add Key' }).click()
  await add(page, WRONG)
  await expect(page.getByText(/does not accept the key/)).toBeVisible()
  seen.push(await page.content())
  await call('put', `${base}/${id}`, { api_key: NEXT })
  await call('delete', `${base}/${id}`)
  await expect(async () => {
    expect(await dumpDatabase()).toContain('external_key.deleted')
  }).toPass()

  const sinks = {
    answers: seen.join('\n'),
    log: serverUnderTest().log(),
    database: await dumpDatabase(),
    redis: await dumpRedis(),
  }
  for (const canary of [GOOD, NEXT, WRONG]) {
    const forms = [
      canary,
      encodeURIComponent(canary),
      Buffer.from(canary).toString('base64').slice(0, -4),
      Buffer.from(canary).toString('base64url').slice(0, -4),
      Buffer.from(canary).toString('hex'),
      canary.slice(3, 24),
    ]
    for (const [sink, text] of Object.entries(sinks))
      expect(
        forms.filter((form) => text.includes(form)),
        sink,
      ).toEqual([])
  }
})
