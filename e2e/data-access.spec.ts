import pg from 'pg'
import { pdfOfPages } from '../lib/store/testing/pdf-files'
import { postgresUrl } from '../server/postgres'
import { bearer, expect, generateKey, serverUnderTest, test } from './fixtures'

const MIB = 1024 * 1024
const NOTES = '# Returns\n\nProducts can be returned within 30 days of delivery.'

test('an upload needs a session, our own origin and a source of one’s own', async ({
  page,
  person,
  playwright,
  baseURL,
}) => {
  test.setTimeout(120_000)
  const ownOrigin = new URL(baseURL ?? '').origin
  await page.goto('/data')
  await page.getByRole('button', { name: 'Add Data Source' }).click()
  await page.getByRole('button', { name: 'Paste text' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Mine')
  await page.getByLabel('Text', { exact: true }).fill(NOTES)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.waitForURL(/\/data\/ds_\w+$/)
  const path = `${new URL(page.url()).pathname}/upload`
  const multipart = { file: { name: 'a.md', mimeType: 'text/markdown', buffer: Buffer.from(NOTES) } }

  const stranger = await playwright.request.newContext({ baseURL: ownOrigin, maxRedirects: 0 })
  const signedOut = await stranger.post(path, { multipart, headers: { Origin: ownOrigin } })
  expect(signedOut.status()).toBe(303)
  expect(signedOut.headers().location).toContain('/login')
  await stranger.dispose()

  for (const headers of [{ Origin: 'https://evil.example' }, { Origin: '' }]) {
    const answer = await page.request.post(path, { multipart, headers })
    expect(answer.status()).toBe(403)
    expect((await answer.json()).code).toBe('untrusted_origin')
  }
  const origin = { Origin: ownOrigin }
  const other = await page.request.post('/data/ds_00000000000000000000/upload', {
    multipart,
    headers: origin,
  })
  expect(other.status()).toBe(404)
  expect((await page.request.post(path, { multipart, headers: origin })).status()).toBe(201)
  const bare = await page.request.post(path, { data: NOTES, headers: origin })
  expect(bare.status()).toBe(415)
  expect(person.email).toContain('@')
})

test('over the API: made, filled, watched until ready, and apart in Live and Test', async ({
  page,
  person,
  api,
}) => {
  test.setTimeout(120_000)
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Program', scopes: ['Read', 'Write'] })
  const testKey = await generateKey(page, { name: 'Test', scopes: ['Read', 'Write'], environment: 'Test' })
  const made = await api.post('/api/v1/data-sources', { ...bearer(key), data: { name: 'Handbook' } })
  expect(made.status()).toBe(201)
  const { id } = await made.json()
  const documents = `/api/v1/data-sources/${id}/documents`
  const started = Date.now()
  const text = await api.post(documents, { ...bearer(key), data: { title: 'Returns', text: NOTES } })
  expect(text.status()).toBe(201)
  await expect
    .poll(async () => (await (await api.get(`/api/v1/data-sources/${id}`, bearer(key))).json()).status, {
      intervals: [50],
    })
    .toBe('ready')
  expect(Date.now() - started).toBeLessThan(5_000)
  const page200 = Array.from(
    { length: 45 },
    (_, line) => `Line ${line}: prime the pump before it is started.`,
  )
  const file = pdfOfPages(Array.from({ length: 200 }, (_, number) => [`Page ${number}`, ...page200]))
  const sent = await api.post(documents, {
    ...bearer(key),
    multipart: { file: { name: 'manual.pdf', mimeType: 'application/pdf', buffer: Buffer.from(file) } },
  })
  const { id: documentId } = await sent.json()
  await expect
    .poll(async () => (await (await api.get(`${documents}/${documentId}`, bearer(key))).json()).status, {
      timeout: 60_000,
    })
    .toBe('ready')
  const manual = await (await api.get(`${documents}/${documentId}`, bearer(key))).json()
  expect(manual).toMatchObject({ page_count: 200, media_type: 'application/pdf', language: 'english' })

  expect((await api.get(`/api/test/v1/data-sources/${id}`, bearer(testKey))).status()).toBe(404)
  const oversized = await api.post(documents, {
    ...bearer(key),
    multipart: { file: { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.alloc(12 * MIB, 'a') } },
  })
  expect(oversized.status()).toBe(413)
  const elsewhere = await api.post('/api/v1/data-sources', {
    ...bearer(key),
    data: { name: 'x'.repeat(MIB + 1) },
  })
  expect(elsewhere.status()).toBe(413)
  expect((await api.delete(`/api/v1/data-sources/${id}`, bearer(key))).status()).toBe(200)
  expect((await api.get(`/api/v1/data-sources/${id}`, bearer(key))).status()).toBe(404)
})

test('a viewer sees data sources and is offered no change', async ({ page, person, baseURL }) => {
  test.setTimeout(120_000)
  await page.goto('/data')
  await page.getByRole('button', { name: 'Add Data Source' }).click()
  await page.getByRole('button', { name: 'Paste text' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Shared')
  await page.getByLabel('Text', { exact: true }).fill(NOTES)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.waitForURL(/\/data\/ds_\w+$/)
  const path = new URL(page.url()).pathname
  await demote(person.email)
  await page.goto('/data')
  await expect(page.getByRole('row').filter({ hasText: 'Shared' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Add Data Source' })).toBeHidden()
  await page.goto(path)
  await expect(page.getByRole('row').filter({ hasText: 'Shared' })).toBeVisible()
  await expect(page.getByRole('button', { name: /Paste text|Actions for Shared/ })).toBeHidden()
  await page.getByRole('tab', { name: 'Settings' }).click()
  await expect(page.getByText('Your role may read data sources')).toBeVisible()
  await expect(page.getByRole('button', { name: /Index again|Save|Delete/ })).toBeHidden()
  const refused = await page.request.post(`${path}/upload`, {
    multipart: { file: { name: 'a.md', mimeType: 'text/markdown', buffer: Buffer.from(NOTES) } },
    headers: { Origin: new URL(baseURL ?? '').origin },
  })
  expect(refused.status()).toBe(403)
})

/** Makes somebody a viewer wherever they are a member. */
async function demote(email: string): Promise<void> {
  const { run, secrets } = serverUnderTest()
  const connectionString = postgresUrl(run().postgresPort, secrets().postgresPassword ?? '')
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(
    "update memberships set role = 'viewer' where user_id in (select id from users where email = $1)",
    [email],
  )
  await client.end()
}
