import { inspect } from './accessible'
import { bearer, expect, generateKey, PASSWORD, signUp, somebody, test } from './fixtures'

test('a refused request is found by its id, at the step that decided, and explained before it is made', async ({
  page,
  person,
  api,
  browser,
  complaints,
}) => {
  test.setTimeout(180_000)
  expect(person.email).toContain('@')
  const reader = await generateKey(page, { name: 'Reader', scopes: ['Read'] })
  const admin = await generateKey(page, { name: 'Admin', scopes: ['Admin'] })
  const readerId = `key_${reader.slice('twigsk_live_'.length).slice(0, 12)}`

  const asked = { key_id: readerId, method: 'POST', path: '/query', client_ip: '203.0.113.7' }
  const explained = await api.post('/api/v1/explain', { ...bearer(admin), data: asked })
  expect(explained.status()).toBe(200)
  const told = await explained.json()
  expect(told).toMatchObject({ admitted: false, status: 403, failed_at: 'scope', client_ip: '203.0.113.7' })
  const refused = await api.post('/api/v1/query', { ...bearer(reader), data: { agent_id: 'a', query: 'b' } })
  const error = await refused.json()
  expect(error).toMatchObject({
    status: told.status,
    code: told.code,
    message: told.message,
    docs: told.docs,
  })

  await expect(async () => {
    await page.goto('/settings/requests')
    await page.getByLabel('Request id', { exact: true }).fill(error.request_id)
    await page.getByRole('button', { name: 'Find' }).click()
    await expect(page.getByRole('list', { name: 'Decision, step by step' })).toBeVisible({ timeout: 2_000 })
  }).toPass()
  const steps = page.getByRole('list', { name: 'Decision, step by step' }).getByRole('listitem')
  await expect(steps.filter({ hasText: ': Failed' })).toHaveText(
    /Scope: Failed.*needs execute; this key has read/,
  )
  await expect(steps.filter({ hasText: 'Rate limit' })).toContainText('Not reached')
  await inspect(page, 'a request that was found')

  await page.getByRole('button', { name: 'Explain', exact: true }).click()
  await expect(page.getByText('It would be refused with 403 insufficient_scope')).toBeVisible()
  await page.getByLabel('Method', { exact: true }).selectOption('GET')
  await page.getByLabel('Path', { exact: true }).fill('/agents')
  await page.getByRole('button', { name: 'Explain', exact: true }).click()
  await expect(page.getByText('It would be let through')).toBeVisible()
  await inspect(page, 'a request that was explained')
  await page.getByLabel('Key', { exact: true }).selectOption('header')
  await page.getByLabel('Authorization', { exact: true }).fill(reader)
  await page.getByRole('button', { name: 'Explain', exact: true }).click()
  await expect(page.getByText('It would be refused with 401 missing_bearer_prefix')).toBeVisible()

  const renamed = await api.put('/api/v1/organization', { ...bearer(admin), data: { name: 'Diagnosed' } })
  expect(renamed.status()).toBe(200)
  await expect(async () => {
    await page.goto('/settings/audit-log')
    await page.getByRole('link', { name: 'How it was decided' }).click({ timeout: 2_000 })
  }).toPass()
  await expect(page.getByRole('list', { name: 'Decision, step by step' })).toContainText('PUT /organization')

  await page.goto(new URL(error.docs).pathname + new URL(error.docs).hash)
  await expect(page.getByRole('heading', { name: /^insufficient_scope/ })).toBeInViewport()
  expect(complaints).toEqual([])

  const elsewhere = await browser.newContext()
  const stranger = await elsewhere.newPage()
  await signUp(stranger, { ...somebody(), password: PASSWORD })
  await stranger.goto(`/settings/requests?id=${error.request_id}`)
  await expect(stranger.getByText('Not found here.')).toBeVisible()
  await elsewhere.close()
})

test('the health of this Twig, as its doctor tells it to an owner', async ({ page, person, complaints }) => {
  test.setTimeout(120_000)
  expect(person.email).toContain('@')
  await page.goto('/settings/health')
  await page.getByRole('button', { name: 'Check now' }).click()
  const findings = page.getByRole('list', { name: 'Findings' }).getByRole('listitem')
  await expect(findings.filter({ hasText: 'postgres' })).toContainText('OK', { timeout: 60_000 })
  await expect(findings.filter({ hasText: 'redis' })).toContainText('OK')
  await inspect(page, 'health')
  expect(complaints).toEqual([])
})

test('nothing is done by a cookie for another site, and all of it for our own', async ({
  page,
  person,
  baseURL,
}) => {
  expect(person.email).toContain('@')
  const own = new URL(baseURL ?? '').origin
  const foreign: Record<string, string>[] = [
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: '' },
    { Origin: own.replace('localhost', 'blog.localhost') },
    { Origin: `${own}.evil.example` },
    { Origin: 'https://evil.example', 'X-HTTP-Method-Override': 'DELETE' },
    { Origin: 'https://evil.example', 'X-Forwarded-Host': 'evil.example' },
    { Origin: 'https://evil.example', 'Next-Action': '00' },
  ]
  const changes: [string, string][] = [
    ['DELETE', '/api/auth/logout'],
    ['POST', '/api/auth/signout'],
    ['POST', '/api/auth/callback/credentials'],
    ['POST', '/account'],
    ['POST', '/settings/api-keys'],
    ['POST', '/agents/agent_1/chat'],
    ['POST', '/data/ds_1/upload'],
  ]
  for (const [method, path] of changes) {
    for (const headers of foreign) {
      for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/json']) {
        const sent = { ...headers, 'Content-Type': type }
        const answer = await page.request.fetch(path, { method, headers: sent, data: 'a=1', maxRedirects: 0 })
        const { code } = await answer.json()
        expect([path, headers, answer.status(), code]).toEqual([path, headers, 403, 'untrusted_origin'])
      }
    }
  }
  for (const path of ['/api/auth/logout', '/api/auth/signout']) {
    expect((await page.request.get(path, { headers: { Origin: own } })).status()).toBe(405)
  }
  const session = () => page.request.get('/api/auth/session').then((answer) => answer.json())
  expect(await session()).toHaveProperty('user')
  const left = await page.request.delete('/api/auth/logout', { headers: { Origin: own } })
  expect(left.status()).toBe(204)
  expect(await session()).toEqual({})
})
