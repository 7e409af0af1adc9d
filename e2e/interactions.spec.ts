import { readFileSync } from 'node:fs'
import { type ModelServer, startModelServer } from '../lib/store/testing/model-server'
import { inspect } from './accessible'
import { make } from './agent-pages'
import { bearer, expect, generateKey, test } from './fixtures'

let server: ModelServer
test.beforeAll(async () => {
  server = await startModelServer()
})
test.afterAll(() => server.close())
test.describe.configure({ mode: 'serial' })

test('interactions are listed, narrowed, read one by one and downloaded', async ({
  page,
  person,
  api,
  complaints,
}) => {
  test.setTimeout(240_000)
  expect(person.email).toContain('@')
  await page.goto('/interactions')
  await expect(page.getByText('No Live interactions yet')).toBeVisible()
  await inspect(page, 'empty')
  const key = await generateKey(page, { name: 'Reader of all', scopes: ['Admin'] })
  const own = { provider: 'custom', endpoint: `${server.url}/v1`, api_key: 'sk-list-0123456789' }
  const { id: external_key_id } = await make(api, key, '/external-keys', own)
  const model = { source: 'custom_key', name: 'gpt-stand-in', external_key_id }
  const support = await make(api, key, '/agents', { name: 'Support', model })
  const sales = await make(api, key, '/agents', { name: 'Sales', model })
  const talk = await make(api, key, '/chat', { agent_id: support.id, message: 'My name is Ada.' })
  const { session_id } = talk
  await make(api, key, '/chat', { agent_id: support.id, message: 'Who am I, =1+1?', session_id })
  await make(api, key, '/query', { agent_id: sales.id, query: 'What does 50% cost?' })
  server.behave('server_error', 'answers')
  const failed = await api.post('/api/v1/query', {
    ...bearer(key),
    data: { agent_id: sales.id, query: 'Broken?' },
  })
  expect(failed.status()).toBe(502)
  server.behave('ok')

  await page.goto('/interactions')
  const table = page.getByRole('table', { name: 'Interactions' })
  await expect(table.locator('tbody tr')).toHaveCount(4)
  await expect(table.locator('tbody tr').first()).toContainText('Broken?')
  await expect(table.locator('tbody tr').first()).toContainText('provider_error')
  await expect(table.locator('tbody tr').last()).toContainText('Reader of all')
  await expect(table.locator('time').first()).toHaveAttribute('title', /UTC$/)
  await inspect(page, 'full')

  const narrow = async (choices: Record<string, string>, text: string, rows: readonly string[]) => {
    await page.goto('/interactions')
    for (const [label, choice] of Object.entries(choices))
      await page.getByLabel(label, { exact: true }).selectOption({ label: choice })
    await page.getByLabel('Text', { exact: true }).fill(text)
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.waitForURL(/\?/)
    for (const row of rows) await expect(table.getByRole('link', { name: row })).toBeVisible()
    await expect(table.locator('tbody tr')).toHaveCount(rows.length)
  }
  await narrow({ Agent: 'Sales' }, '', ['Broken?', 'What does 50% cost?'])
  await narrow({ Status: 'Failed', Kind: 'Query' }, '', ['Broken?'])
  await narrow({ Kind: 'Chat', 'Asked by': 'Reader of all' }, 'ada', ['My name is Ada.'])
  await narrow({ Period: 'Last 24 hours' }, '50%', ['What does 50% cost?'])
  await expect(page).toHaveURL(/period=24h&text=50%25/)
  await page.reload()
  await expect(page.getByLabel('Text', { exact: true })).toHaveValue('50%')
  await page.getByRole('link', { name: 'Clear' }).click()
  await expect(table.locator('tbody tr')).toHaveCount(4)
  await narrow({ Kind: 'Chat' }, '', ['My name is Ada.', 'Who am I'])
  const downloading = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download CSV' }).click()
  const file = await downloading
  expect(file.suggestedFilename()).toMatch(/^interactions-live-\d{4}-\d\d-\d\d\.csv$/)
  const lines = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\r\n')
  expect(lines).toHaveLength(3)
  expect(lines.join('\n')).toContain('My name is Ada.')
  expect(lines.join('\n')).not.toContain('50% cost')

  await table.getByRole('link', { name: 'Who am I' }).click()
  await page.waitForURL(/\/interactions\/int_/)
  await expect(page.getByText('You asked: Who am I')).toBeVisible()
  await expect(page.locator('dl').getByText('gpt-stand-in', { exact: true })).toBeVisible()
  await expect(page.getByRole('table').getByRole('link', { name: 'My name is Ada.' })).toBeVisible()
  await inspect(page, 'detail')
  await page.goto('/interactions?text=nothing-of-that')
  await expect(page.getByText('Nothing fits these filters')).toBeVisible()
  await inspect(page, 'nothing found')
  expect(complaints).toEqual([])
  expect((await page.goto('/interactions?status=odd'))?.status()).toBe(404)
  expect((await page.goto('/interactions/int_0'))?.status()).toBe(404)
})

test('a shorter retention says what it deletes and is confirmed by typing it', async ({ page, person }) => {
  test.setTimeout(120_000)
  expect(person.email).toContain('@')
  await page.goto('/interactions')
  await expect(page.getByText('They are kept for good.')).toBeVisible()
  const save = page.getByRole('dialog').getByRole('button', { name: 'Save' })
  await page.getByRole('button', { name: 'Retention' }).click()
  await page.getByRole('radio', { name: 'For some days' }).check()
  await page.getByLabel('Days', { exact: true }).fill('many')
  await save.click()
  await expect(page.getByText('Days is a whole number')).toBeVisible()
  await expect(page.getByLabel('Days', { exact: true })).toHaveValue('many')
  await inspect(page, 'retention refused')
  await page.getByLabel('Days', { exact: true }).fill('30')
  await save.click()
  const confirm = page.getByRole('alertdialog')
  await expect(confirm).toContainText('None is older than 30 days now.')
  await expect(confirm).toContainText('cannot be brought back')
  const button = confirm.getByRole('button', { name: 'Delete and keep shorter' })
  await expect(button).toBeDisabled()
  await inspect(page, 'retention to confirm')
  await page.getByLabel(/to confirm/).fill('30 days')
  await button.click()
  await expect(page.getByText('They are deleted after 30 days.').first()).toBeVisible()

  await page.getByRole('button', { name: 'Retention' }).click()
  await page.getByLabel('Days', { exact: true }).fill('365')
  await save.click()
  await expect(page.getByText('They are deleted after 365 days.').first()).toBeVisible()
  await expect(confirm).toBeHidden()
})
