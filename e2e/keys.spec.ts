import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { BrowserContext, Page, Route } from '@playwright/test'
import {
  bearer,
  expect,
  generateKey,
  serverUnderTest,
  sessionCookie,
  signUp,
  somebody,
  test,
} from './fixtures'
import { codeOf, openMenu, pathOf, SHOWN_WITHIN_MS, statusOf } from './key-pages'

/**
 * The page's next action, and nothing else, carries the session two minutes older: it renews the cookie, and with it comes
 * the page anew.
 */
async function ageNextAction(page: Page, context: BrowserContext): Promise<void> {
  const cookie = await sessionCookie(context)
  const [head, claims] = cookie?.value.split('.') ?? []
  if (!cookie || !head || !claims) throw new Error('nobody is signed in')
  const { iat, exp, ...rest } = JSON.parse(Buffer.from(claims, 'base64url').toString())
  const times = { iat: iat - 120, exp: exp - 120 }
  const older = Buffer.from(JSON.stringify({ ...rest, ...times })).toString('base64url')
  const secret = serverUnderTest().secrets().TWIG_SESSION_SECRET ?? ''
  const signature = createHmac('sha256', secret).update(`${head}.${older}`).digest('base64url')
  const aged = `${head}.${older}.${signature}`
  const age = async (route: Route) => {
    const request = route.request()
    if (request.method() !== 'POST') return route.fallback()
    const sent = await request.allHeaders()
    const cookies = (sent.cookie ?? '').replace(/(?<=twig_session=)[^;]+/, aged)
    await route.fulfill({ response: await route.fetch({ headers: { ...sent, cookie: cookies } }) })
    await page.unroute('**/*', age)
  }
  await page.route('**/*', age)
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

test('the first key and a successor are shown although the page around them is made anew meanwhile', async ({
  page,
  context,
  person,
  complaints,
}) => {
  expect(person.email).toContain('@')
  await page.goto('/settings/api-keys')
  await page.getByRole('button', { name: 'Generate New Key' }).click()
  await page.getByLabel('Name', { exact: true }).fill('First')
  await page.getByRole('radio', { name: 'CI' }).check()
  await ageNextAction(page, context)
  const before = (await sessionCookie(context))?.value
  await page.getByRole('button', { name: 'Generate', exact: true }).click()
  const secret = page.getByLabel('API key', { exact: true })
  await expect(secret).toHaveValue(/^twigsk_live_/)
  expect((await sessionCookie(context))?.value).not.toBe(before)
  await expect(page.getByText('No API keys yet')).toBeHidden()
  await expect(secret).toBeVisible()
  await page.getByRole('button', { name: 'Done' }).click()

  await page.getByRole('link', { name: 'First' }).click()
  await page.getByRole('tab', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Rotate' }).click()
  await ageNextAction(page, context)
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
  await expect(secret).toHaveValue(/^twigsk_live_/)
  await expect(page.getByText('No request used this key in the last hour')).toBeVisible()
  await expect(secret).toBeVisible()
  await page.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByText('No request used this key in the last hour')).toBeVisible()
  expect(complaints).toEqual([])
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
