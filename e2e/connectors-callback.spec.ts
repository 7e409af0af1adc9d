import type { APIRequestContext, BrowserContext } from '@playwright/test'
import { comeIn, leaveFor } from './connector-pages'
import { expect, signIn, someAddress, test } from './fixtures'
import { type ConnectorWorld, startConnectorWorld } from './testing/connector-world'

let world: ConnectorWorld

test.describe.configure({ mode: 'serial', timeout: 120_000 })

test.beforeAll(async () => {
  test.setTimeout(180_000)
  world = await startConnectorWorld()
})

test.afterAll(() => world?.close())

/** Where an answer of a provider leads this browser. */
async function landing(request: APIRequestContext, answer: string, from = someAddress()): Promise<URL> {
  const headers = { 'X-Forwarded-For': from }
  const { status, location, ...rest } = await request
    .get(answer, { maxRedirects: 0, headers })
    .then((reply) => ({ status: reply.status(), ...reply.headers() }) as Record<string, string | number>)
  expect(status).toBe(303)
  expect(rest).toMatchObject({
    'cache-control': 'private, no-store',
    'referrer-policy': 'strict-origin-when-cross-origin',
  })
  return new URL(String(location), world.url)
}

const refused = (provider = 'google-drive') =>
  expect.objectContaining({ code: 'connection_expired', provider })
const told = ({ searchParams }: URL) => Object.fromEntries(searchParams)

/** The session alone, as in a browser that has it but did not begin. */
async function sessionOf(context: BrowserContext) {
  return (await context.cookies(world.url)).filter(({ name }) => name === 'twig_session')
}

test('an answer counts for the browser, the person and the provider that it was asked of, once', async ({
  page,
  browser,
  playwright,
}) => {
  await comeIn(page, world.url, world.acme.person)
  await leaveFor(page, world.url, 'Google Drive', 'Answered')
  await page.waitForURL(`${world.google.url}/**`)
  const answer = world.google.control.consent(page.url())
  const changed = (how: (url: URL) => void) => {
    const url = new URL(answer)
    how(url)
    return url.href
  }
  world.google.control.forgetCalls()

  const stranger = await playwright.request.newContext()
  const signedOut = await landing(stranger, answer)
  expect(signedOut.pathname).toBe('/auth/error')
  expect(told(signedOut)).toMatchObject({ code: 'connection_expired', ref: expect.stringMatching(/^req_/) })
  expect(await (await stranger.get(signedOut.href)).text()).toContain('Nothing was connected')
  await stranger.dispose()

  const other = await browser.newPage()
  await comeIn(other, world.url, world.rival.person)
  const foreign = await landing(other.request, answer)
  expect(foreign.pathname).toBe('/data/connect')
  expect(told(foreign)).toEqual(refused())
  await other.context().clearCookies()
  await other.context().addCookies(await sessionOf(page.context()))
  expect(told(await landing(other.request, answer))).toEqual(refused())
  await other.close()

  const mine = page.request
  const slack = changed((url) => {
    url.pathname = url.pathname.replace('google-drive', 'slack')
  })
  expect(told(await landing(mine, slack))).toEqual(refused('slack'))
  const forged = changed((url) => url.searchParams.set('state', 'x'.repeat(32)))
  expect(told(await landing(mine, forged))).toEqual(refused())
  const missing = changed((url) => url.searchParams.delete('state'))
  expect(told(await landing(mine, missing))).toEqual(refused())
  expect((await mine.get(answer.replace('google-drive', 'dropbox'), { maxRedirects: 0 })).status()).toBe(404)
  const posted = await mine.post(answer, { maxRedirects: 0, headers: { Origin: world.url } })
  expect(posted.status()).toBe(405)
  expect(world.google.control.count('POST /token')).toBe(0)

  const well = await landing(mine, answer)
  expect(well.pathname).toMatch(/^\/data\/ds_\w+$/)
  expect(well.search).toBe('?connected=1')
  expect(told(await landing(mine, answer))).toEqual(refused())
  expect(world.google.control.count('POST /token')).toBe(1)
  await page.goto(`${world.url}/data`)
  await expect(page.getByRole('row').filter({ hasText: 'Answered' })).toHaveCount(1)
})

test('whose session ended meanwhile is told so; nothing is connected, then or after signing in again', async ({
  browser,
}) => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${world.url}/login`)
  await signIn(page, world.acme.person)
  await page.waitForURL('**/agents')
  await leaveFor(page, world.url, 'Google Drive', 'Too late')
  await page.waitForURL(`${world.google.url}/**`)
  const answer = world.google.control.consent(page.url())
  await page.request.delete(`${world.url}/api/auth/logout`, { headers: { Origin: world.url } })
  world.google.control.forgetCalls()
  await page.goto(answer)
  await expect(page.getByRole('heading', { name: 'Nothing was connected' })).toBeVisible()
  await page.getByRole('link', { name: 'Sign in and begin again' }).click()
  await signIn(page, world.acme.person)
  await page.waitForURL(({ pathname }) => pathname === '/data')
  expect(told(await landing(page.request, answer))).toEqual(refused())
  expect(world.google.control.count('POST /token')).toBe(0)
  await expect(page.getByRole('row').filter({ hasText: 'Too late' })).toHaveCount(0)
  await context.close()
})

test('answers that come to nothing are counted: a network that sends many waits', async ({ page }) => {
  await comeIn(page, world.url, world.acme.person)
  const from = someAddress()
  const forged = `${world.url}/api/connectors/google-drive/callback?code=x&state=${'x'.repeat(32)}`
  const codes = new Map<string, number>()
  for (let tries = 0; tries < 70; tries++) {
    const { code = '' } = told(await landing(page.request, forged, from))
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  expect(codes.get('connection_expired')).toBeGreaterThanOrEqual(60)
  expect(codes.get('too_many_failed_attempts')).toBeGreaterThan(0)
  expect(told(await landing(page.request, forged)).code).toBe('connection_expired')
})
