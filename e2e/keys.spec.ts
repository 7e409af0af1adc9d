import { readFileSync } from 'node:fs'
import type { APIRequestContext, Page } from '@playwright/test'
import { bearer, expect, generateKey, signUp, somebody, test } from './fixtures'

/** A request shows in the console within this time (contract.md 3). */
const SHOWN_WITHIN_MS = 2_000

function pathOf(key: string): string {
  return `/settings/api-keys/key_${key.slice('twigsk_live_'.length).slice(0, 12)}`
}

async function statusOf(api: APIRequestContext, key: string, path = '/api/v1/whoami'): Promise<number> {
  return (await api.get(path, bearer(key))).status()
}

async function codeOf(api: APIRequestContext, key: string): Promise<string> {
  return (await (await api.get('/api/v1/whoami', bearer(key))).json()).code
}

/** The figure under a heading of the usage tab. */
function figure(page: Page, label: string) {
  return page.locator('dl > div').filter({ hasText: label }).locator('dd').first()
}

/** The rows of a table, each as the texts of its cells. */
async function rowsOf(page: Page, caption: string): Promise<string[][]> {
  const rows = await page.getByRole('table', { name: caption }).locator('tbody tr').all()
  return Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()))
}

async function openMenu(page: Page, name: string, item: string): Promise<void> {
  await page.goto('/settings/api-keys')
  await page
    .getByRole('button', { name: `Actions for ${name}` })
    .first()
    .click()
  await page.getByRole('menuitem', { name: item }).click()
}

test('presets choose the scopes, Live keys that change things come with a warning, and the key is saved as a file', async ({
  page,
  person,
  api,
  complaints,
}) => {
  expect(person.email).toContain('@')
  await page.goto('/settings/api-keys')
  await page.getByRole('button', { name: 'Generate New Key' }).click()
  const checked = () =>
    page.getByRole('checkbox', { checked: true }).evaluateAll((boxes) => boxes.map((box) => box.id).length)
  const warning = page.getByText(/^This key can change/)

  await page.getByRole('radio', { name: 'Production app' }).check()
  await expect(page.getByRole('checkbox', { name: 'Execute' })).toBeChecked()
  expect(await checked()).toBe(1)
  await page.getByRole('radio', { name: 'CI' }).check()
  await expect(page.getByRole('checkbox', { name: 'Read' })).toBeChecked()
  await expect(page.getByRole('checkbox', { name: 'Execute' })).not.toBeChecked()
  await expect(warning).toBeHidden()

  await page.getByRole('checkbox', { name: 'Write' }).check()
  await expect(page.getByRole('radio', { name: 'Custom' })).toBeChecked()
  await expect(warning).toBeVisible()
  await page.getByRole('radio', { name: 'Test', exact: true }).check()
  await expect(warning).toBeHidden()
  await page.getByRole('radio', { name: 'Live', exact: true }).check()
  await page.getByRole('checkbox', { name: 'Write' }).uncheck()
  await expect(page.getByRole('radio', { name: 'CI' })).toBeChecked()

  await page.getByLabel('Name', { exact: true }).fill('Pipeline')
  await page.getByRole('button', { name: 'Generate', exact: true }).click()
  const key = await page.getByLabel('API key', { exact: true }).inputValue()
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download .env' }).click(),
  ])
  expect(file.suggestedFilename()).toBe('twig.env')
  expect(readFileSync(await file.path(), 'utf8')).toBe(`TWIG_API_KEY=${key}\n`)
  await page.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByRole('button', { name: 'Generate New Key' })).toBeFocused()

  const whoami = await (await api.get('/api/v1/whoami', bearer(key))).json()
  expect(whoami.key).toMatchObject({ name: 'Pipeline', scopes: ['read'] })
  expect(complaints).toEqual([])
})

test('requests show on the key’s page within 2 seconds, the refused ones too, and the CSV has the page’s numbers', async ({
  page,
  person,
  api,
  complaints,
}) => {
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Exporter', scopes: ['Read', 'Write'] })
  await page.goto(`${pathOf(key)}?tab=usage`)
  await expect(page.getByText('No requests yet')).toBeVisible()

  for (let count = 0; count < 3; count += 1) expect(await statusOf(api, key, '/api/v1/agents')).toBe(200)
  expect(await statusOf(api, key, '/api/v1/agents/agent_0')).toBe(404)
  for (const name of ['Support', 'Sales', 'Press']) {
    const made = await api.post('/api/v1/agents', { ...bearer(key), data: { name } })
    expect(made.status()).toBe(201)
  }
  const refused = await api.get('/api/v1/api-keys', bearer(key))
  expect(refused.status()).toBe(403)
  expect(await statusOf(api, key, '/api/test/v1/agents')).toBe(401)
  const requestId = refused.headers()['x-request-id'] ?? ''

  await page.waitForTimeout(SHOWN_WITHIN_MS)
  await page.reload()
  await expect(figure(page, 'Requests')).toHaveText('9')
  await expect(figure(page, 'Success rate')).toHaveText('66.6%')
  await expect(figure(page, 'Refused')).toHaveText('2')
  await expect(figure(page, 'Rate limited')).toHaveText('0')
  // Ten a minute: within the next 18 seconds not all three are back.
  const write = page.getByRole('meter', { name: 'This key' }).nth(1)
  await expect(write).toHaveAttribute('aria-valuetext', /^[789] of 10$/)

  const endpoints = (await rowsOf(page, 'Requests by endpoint and status')).map((cells) => cells.slice(0, 3))
  expect(endpoints.map((cells) => cells.join(' ').replaceAll(/\s+/g, ' ')).sort()).toEqual(
    [
      'GET /agents 200 3',
      'GET /agents/{id} 404 not_found 1',
      'POST /agents 201 3',
      'GET /api-keys 403 insufficient_scope 1',
      'GET /agents 401 wrong_environment 1',
    ].sort(),
  )
  const recent = await rowsOf(page, 'Recent requests')
  expect(recent).toHaveLength(9)
  expect(recent.flat().join(' ')).toContain('/agents/agent_0')
  await expect(page.getByText(requestId)).toBeVisible()
  expect((await rowsOf(page, 'Callers')).map((cells) => cells[2])).toEqual(['9'])

  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download CSV' }).click(),
  ])
  expect(file.suggestedFilename()).toMatch(/^usage-key_\w{12}-24h\.csv$/)
  const [head = '', ...lines] = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\r\n')
  expect(head).toBe('method,endpoint,status,code,requests,p50_ms,p95_ms,p99_ms')
  const csv = lines.map((line) => line.split(',').slice(0, 5).filter(Boolean).join(' '))
  expect(csv.sort()).toEqual(endpoints.map((cells) => cells.join(' ').replaceAll(/\s+/g, ' ')).sort())

  await page.goto('/settings/api-keys')
  await expect(page.getByRole('row', { name: /Exporter/ })).toContainText('just now')
  expect(complaints).toEqual([])
})

test('a rotated key works beside its successor, and its page says when it ends and that it is still used', async ({
  page,
  person,
  api,
  complaints,
}) => {
  expect(person.email).toContain('@')
  const old = await generateKey(page, { name: 'Checkout', scopes: ['Read', 'Execute'] })
  expect(await statusOf(api, old)).toBe(200)
  await page.goto(`${pathOf(old)}?tab=settings`)
  await page.getByRole('button', { name: 'Rotate' }).click()
  await expect(page.getByRole('radio', { name: '24 hours' })).toBeFocused()
  await page.getByRole('radio', { name: '1 hour' }).check()
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
  const successor = await page.getByLabel('API key', { exact: true }).inputValue()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Done' }).click()

  expect(await statusOf(api, old)).toBe(200)
  expect(await statusOf(api, successor)).toBe(200)
  await page.waitForTimeout(SHOWN_WITHIN_MS)
  await page.reload()
  await expect(page.getByText('2 requests in the last hour still use this key')).toBeVisible()
  await expect(page.getByText(/^Ends in (?:59 min|1 h)$/)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Rotate' })).toBeHidden()

  await page.getByRole('link', { name: /^Checkout \(twigsk_live_/ }).click()
  await page.waitForURL(`**${pathOf(successor)}`)
  await expect(page.getByRole('definition').filter({ hasText: 'which ends in' })).toBeVisible()
  await page.goto('/settings/api-keys')
  await expect(page.getByRole('row', { name: /Checkout/ })).toHaveCount(2)

  await openMenu(page, 'Checkout', 'Rotate')
  await page.getByRole('radio', { name: 'Now' }).check()
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
  await page.getByRole('button', { name: 'Done' }).click()
  expect(await codeOf(api, successor)).toBe('expired_api_key')
  expect(await statusOf(api, old)).toBe(200)
  await expect(page.getByText('Ended', { exact: true })).toBeVisible()
  expect(complaints).toEqual([])
})

test('a key is narrowed to what it is used for, and refused what it lost', async ({ page, person, api }) => {
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Terraform', scopes: ['Admin'] })
  expect(await statusOf(api, key, '/api/v1/agents')).toBe(200)
  await page.waitForTimeout(SHOWN_WITHIN_MS)
  await page.goto(pathOf(key))
  await expect(page.getByText('It was used for Read alone')).toBeVisible()
  await page.getByRole('button', { name: 'Keep only Read' }).click()
  await expect(page.getByText(/A key never gains a scope/)).toBeVisible()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Keep only Read' }).click()
  await expect(page.getByText('Terraform narrowed')).toBeVisible()
  await expect(page.getByRole('row', { name: /^Read/ })).toBeVisible()
  await expect(page.getByRole('row', { name: /^Admin/ })).toBeHidden()
  const refused = await api.post('/api/v1/agents', { ...bearer(key), data: { name: 'No' } })
  expect(await refused.json()).toMatchObject({ code: 'insufficient_scope', scopes: ['read'] })
  expect(await statusOf(api, key, '/api/v1/agents')).toBe(200)
})

test('a disabled key is refused until it is enabled, by Undo or on its page', async ({
  page,
  person,
  api,
}) => {
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Laptop', scopes: ['Read'] })
  expect(await statusOf(api, key)).toBe(200)
  await openMenu(page, 'Laptop', 'Disable')
  await expect(page.getByText('Laptop disabled')).toBeVisible()
  expect(await codeOf(api, key)).toBe('disabled_api_key')
  await expect(page.getByRole('row', { name: /Laptop/ })).toContainText('Disabled')
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('Laptop enabled')).toBeVisible()
  expect(await statusOf(api, key)).toBe(200)

  await page.goto(`${pathOf(key)}?tab=settings`)
  await page.getByRole('button', { name: 'Disable' }).click()
  await expect(page.getByText('This key is disabled')).toBeVisible()
  expect(await codeOf(api, key)).toBe('disabled_api_key')
  await page.getByRole('button', { name: 'Enable' }).first().click()
  await expect(page.getByText('This key is disabled')).toBeHidden()
  expect(await statusOf(api, key)).toBe(200)
})

test('a key is renamed, and deleted after its use today was told and its name typed', async ({
  page,
  person,
  api,
  complaints,
}) => {
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Newsletter', scopes: ['Read'] })
  expect(await statusOf(api, key)).toBe(200)
  await page.waitForTimeout(SHOWN_WITHIN_MS)

  await openMenu(page, 'Newsletter', 'Rename')
  const name = page.getByRole('dialog').getByLabel('Name', { exact: true })
  await name.fill('   ')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Name is required')).toBeVisible()
  await expect(name).toBeFocused()
  await name.fill('Weekly mail')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('link', { name: 'Weekly mail' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Weekly mail' })).toBeVisible()
  await page.getByRole('tab', { name: 'Settings' }).click()
  await expect(page).toHaveURL(/\?tab=settings$/)
  await page.getByLabel('Name', { exact: true }).fill('Monthly mail')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Monthly mail' })).toBeVisible()
  expect(await statusOf(api, key)).toBe(200)

  await page.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText(/^Used (?:once|2 times) today by 1 caller\.$/)).toBeVisible()
  const confirm = page.getByRole('alertdialog').getByRole('button', { name: 'Delete' })
  await expect(confirm).toBeDisabled()
  await page.getByLabel(/to confirm/).fill('Monthly mail')
  await confirm.click()
  await page.waitForURL('**/settings/api-keys')
  await expect(page.getByText('Monthly mail deleted')).toBeVisible()
  await expect(page.getByText('No API keys yet')).toBeVisible()
  expect(await codeOf(api, key)).toBe('revoked_api_key')
  expect(complaints).toEqual([])
  const gone = await page.goto(pathOf(key))
  expect(gone?.status()).toBe(404)
})

test('what deserves attention stands above the list, and each of it is a filter', async ({
  page,
  person,
}) => {
  expect(person.email).toContain('@')
  await generateKey(page, { name: 'Reader', scopes: ['Read'] })
  await expect(page.getByRole('navigation', { name: 'Keys to look after' })).toBeHidden()
  await generateKey(page, { name: 'Root', scopes: ['Admin'] })
  await page.getByRole('link', { name: '1 live key has Admin' }).click()
  await page.waitForURL('**/settings/api-keys?show=admin')
  await expect(page.getByRole('link', { name: 'Root' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Reader' })).toBeHidden()
  await page.getByRole('link', { name: 'Show all keys' }).click()
  await expect(page.getByRole('link', { name: 'Reader' })).toBeVisible()
})

test('another organization’s key, its usage and its CSV are not there; nobody signed out gets a file', async ({
  page,
  person,
  browser,
  api,
  extraHTTPHeaders,
}) => {
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Ours', scopes: ['Read'] })
  const csv = `${pathOf(key)}/usage.csv?period=7d`
  const own = await page.request.get(csv)
  expect(own.status()).toBe(200)
  expect(own.headers()).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'cache-control': 'private, no-store',
  })
  expect((await page.request.get(`${pathOf(key)}/usage.csv?period=2y`)).status()).toBe(400)

  const signedOut = await api.get(csv, { maxRedirects: 0 })
  expect(signedOut.status()).toBe(307)
  expect(signedOut.headers().location).toContain('/login')
  expect((await api.get(csv, { ...bearer(key), maxRedirects: 0 })).status()).toBe(307)

  const context = await browser.newContext({ extraHTTPHeaders: extraHTTPHeaders ?? {} })
  const stranger = await context.newPage()
  await signUp(stranger, somebody())
  expect((await stranger.goto(pathOf(key)))?.status()).toBe(404)
  expect((await stranger.request.get(csv)).status()).toBe(404)
  await context.close()
})
