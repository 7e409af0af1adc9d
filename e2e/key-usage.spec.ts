import { readFileSync } from 'node:fs'
import { bearer, expect, generateKey, test } from './fixtures'
import { codeOf, figure, openMenu, pathOf, rowsOf, SHOWN_WITHIN_MS, statusOf } from './key-pages'

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
