import type { Page } from '@playwright/test'
import { encryptedPdf, flateBomb, pdfOfPages } from '../lib/store/testing/pdf-files'
import { inspect } from './accessible'
import { expect, test } from './fixtures'

const MIB = 1024 * 1024
const NOTES = '# Returns\n\nProducts can be returned within 30 days of delivery.'

interface Sent {
  name: string
  content: string | Uint8Array
  type?: string
}

const payload = ({ name, content, type = '' }: Sent) => ({
  name,
  mimeType: type,
  buffer: Buffer.from(content),
})

/** Drops files on an element, as from another window. */
async function drop(page: Page, selector: string, files: readonly Sent[]): Promise<void> {
  const transfer = await page.evaluateHandle(
    (list) => {
      const data = new DataTransfer()
      for (const { name, content } of list) data.items.add(new File([content], name))
      return data
    },
    files.map(({ name, content }) => ({ name, content: String(content) })),
  )
  for (const event of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent(selector, event, { dataTransfer: transfer })
  }
}

const row = (page: Page, name: string) =>
  page.getByRole('table', { name: 'Documents' }).getByRole('row').filter({ hasText: name })

test('a text is pasted, indexed, read again, renamed and deleted', async ({ page, person, complaints }) => {
  test.setTimeout(180_000)
  expect(person.email).toContain('@')
  await page.goto('/data')
  await inspect(page, 'empty')
  await page.getByRole('button', { name: 'Add Data Source' }).click()
  await inspect(page, 'catalogue')
  await page.getByRole('button', { name: 'Notion', exact: true }).click()
  await expect(page.getByText('NOTION_CLIENT_ID=…')).toBeVisible()
  await expect(page.getByText(/\/api\/connectors\/notion\/callback$/)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Connect', exact: true })).toBeHidden()
  await inspect(page, 'a provider that is not set up')
  await page.getByRole('button', { name: 'All kinds' }).click()
  await page.getByRole('button', { name: 'Paste text' }).click()
  await inspect(page, 'add dialog')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(page.getByText('Name is required').first()).toBeVisible()
  await expect(page.getByText('Text is required').first()).toBeVisible()
  await page.getByLabel('Text', { exact: true }).fill(NOTES)
  await inspect(page, 'add dialog failing')
  await page.getByLabel('Name', { exact: true }).fill('Handbook')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.waitForURL(/\/data\/ds_\w+$/)
  await expect(row(page, 'Handbook').getByText('Ready')).toBeVisible()
  await expect(row(page, 'Handbook')).toContainText('Markdown')
  await inspect(page, 'source')

  await page.getByRole('tab', { name: 'API' }).click()
  await expect(page.getByText(/v1\/data-sources\/ds_\w+\/documents/).first()).toBeVisible()
  await inspect(page, 'api')
  await page.getByRole('tab', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Index again' }).click()
  await expect(page.getByText('Indexing has begun')).toBeVisible()
  await page.getByLabel('Name', { exact: true }).fill('Shop rules')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Shop rules' })).toBeVisible()
  await inspect(page, 'settings')

  await page.getByRole('button', { name: 'Delete' }).click()
  await inspect(page, 'delete')
  await expect(page.getByRole('alertdialog').getByRole('button', { name: 'Delete' })).toBeDisabled()
  await page.getByRole('alertdialog').getByRole('textbox').fill('Shop rules')
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL('**/data')
  await expect(page.getByText('No Live data sources yet')).toBeVisible()
  expect(complaints).toEqual([])
})

test('files are dropped; what cannot be used says why, beside what can', async ({ page, person }) => {
  test.setTimeout(180_000)
  expect(person.email).toContain('@')
  await page.goto('/data?environment=test')
  await page.getByRole('button', { name: 'Add Data Source' }).click()
  await page.getByRole('button', { name: 'Upload files' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Files')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(page.getByText('Choose at least one file')).toBeVisible()
  await drop(page, 'label:has(input[type=file])', [
    { name: 'notes.md', content: NOTES },
    { name: 'prices.csv', content: 'Tree;Price\nOak;5\n' },
  ])
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.waitForURL(/\/data\/ds_\w+$/)
  await expect(row(page, 'notes.md').getByText('Ready')).toBeVisible()
  await expect(row(page, 'prices.csv').getByText('Ready')).toBeVisible()
  await expect(page.getByText('Test', { exact: true }).first()).toBeVisible()

  await page
    .getByLabel('Add files', { exact: true })
    .setInputFiles([
      payload({ name: 'secret.pdf', content: encryptedPdf() }),
      payload({ name: 'bomb.pdf', content: flateBomb(2) }),
      payload({ name: 'manual.pdf', content: pdfOfPages([['How to prime the pump.']]) }),
      payload({ name: 'photo.png', content: new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2]) }),
      payload({ name: 'large.txt', content: 'x'.repeat(10 * MIB + 1) }),
    ])
  const files = page.getByRole('list', { name: 'Files' })
  await expect(files.getByText(/“photo.png” cannot be used: it is a PNG image/)).toBeVisible()
  await expect(files.getByText('It is larger than 10 MB; split it.')).toBeVisible()
  await expect(row(page, 'manual.pdf').getByText('Ready')).toBeVisible({ timeout: 30_000 })
  await expect(row(page, 'secret.pdf')).toContainText('It is encrypted', { timeout: 30_000 })
  await expect(row(page, 'bomb.pdf')).toContainText('takes too much memory', { timeout: 60_000 })
  await expect(page.getByText(/^2 of 5 documents not indexed\./)).toBeVisible()
  await inspect(page, 'failing')

  await page.getByRole('button', { name: 'Actions for bomb.pdf' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await expect(row(page, 'bomb.pdf')).toBeHidden()
  await page.goto('/data?environment=test')
  await expect(page.getByRole('row').filter({ hasText: 'Files' })).toContainText('Failed')
  await page.goto('/data')
  await expect(page.getByText('No Live data sources yet')).toBeVisible()
})

test('a text that fails keeps what was typed; an outage is said and can be tried again', async ({
  page,
  person,
}) => {
  test.setTimeout(120_000)
  expect(person.email).toContain('@')
  await page.goto('/data')
  await page.getByRole('button', { name: 'Add Data Source' }).click()
  await page.getByRole('button', { name: 'Paste text' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Notes')
  await page.getByLabel('Text', { exact: true }).fill(NOTES)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.waitForURL(/\/data\/ds_\w+$/)

  await page.getByRole('button', { name: 'Paste text' }).click()
  await page.getByLabel('Title', { exact: true }).fill('Shipping')
  await page.getByLabel('Text', { exact: true }).fill('Three to five days.')
  await page.getByLabel('Address', { exact: true }).fill('not an address')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(page.getByText('Url must be an http or https address').first()).toBeVisible()
  await expect(page.getByLabel('Text', { exact: true })).toHaveValue('Three to five days.')
  await inspect(page, 'paste failing')
  await page.getByLabel('Address', { exact: true }).fill('https://shop.example/shipping')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(row(page, 'Shipping').getByText('Ready')).toBeVisible()
  await expect(row(page, 'Shipping').getByRole('link')).toHaveAttribute(
    'href',
    'https://shop.example/shipping',
  )

  await page.route('**/upload', (route) => route.abort())
  const input = page.getByLabel('Add files', { exact: true })
  await input.setInputFiles([payload({ name: 'late.md', content: NOTES })])
  await expect(page.getByText('Twig did not answer. Try again.')).toBeVisible()
  await page.unroute('**/upload')
  await page.getByRole('button', { name: 'Try late.md again' }).click()
  await expect(row(page, 'late.md').getByText('Ready')).toBeVisible()
})
