import { readFileSync } from 'node:fs'
import { ChainedRow, SignedHead, signedText } from '../lib/core/audit-chain'
import { isSignedBy } from '../lib/store/signing-key'
import { inspect } from './accessible'
import { expect, generateKey, test } from './fixtures'

test('an admin sees what was changed and by whom, narrows it, reads before and after, and saves it signed', async ({
  page,
  person,
  complaints,
}) => {
  test.setTimeout(120_000)
  const key = await generateKey(page, { name: '=HYPERLINK("x")', scopes: ['Read'] })
  await page.goto('/agents')
  await page.getByRole('link', { name: 'Audit Log' }).click()
  const table = page.getByRole('table', { name: 'Audit log' })
  const made = table.getByRole('row').filter({ hasText: 'API key created' })
  await expect(made).toContainText(person.name)
  await expect(made.locator('time')).toHaveAttribute('title', /UTC$/)
  await made.getByText(/^\d+ facts$/).click()
  await expect(made.getByText('=HYPERLINK("x")')).toBeVisible()
  await inspect(page, 'audit log')

  await page.getByLabel('Action', { exact: true }).selectOption({ label: 'API key created' })
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.waitForURL(/action=api_key\.created/)
  await expect(table.locator('tbody tr')).toHaveCount(1)
  const saving = (name: string) =>
    Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()])
  const [csv] = await saving('Download CSV')
  const [, ...rows] = readFileSync(await csv.path(), 'utf8')
    .trimEnd()
    .split('\r\n')
  expect(rows).toHaveLength(1)
  await made.getByRole('link', { name: /^req_/ }).click()
  await page.waitForURL(/request=req_/)
  await expect(table.locator('tbody tr')).toHaveCount(1)
  await page.getByLabel('Request', { exact: true }).fill('req_nothing')
  await page.getByRole('button', { name: 'Apply' }).click()
  await expect(page.getByText('Nothing fits these filters')).toBeVisible()

  const [jsonl] = await saving('Signed export (JSONL)')
  expect(jsonl.suggestedFilename()).toMatch(/^audit-log-\d{4}-\d\d-\d\d\.jsonl$/)
  const text = readFileSync(await jsonl.path(), 'utf8')
  const lines = text.trimEnd().split('\n')
  const head = SignedHead.parse(JSON.parse(lines.pop() ?? ''))
  expect(head.count).toBe(lines.length)
  expect(isSignedBy(head.public_key, signedText(head), head.signature)).toBe(true)
  expect(ChainedRow.parse(JSON.parse(lines.at(-1) ?? ''))).toMatchObject({ hash: head.last_hash })
  expect(text).not.toContain(key)
  expect(complaints).toEqual([])
})
