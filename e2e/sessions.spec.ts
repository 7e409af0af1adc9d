import { createHmac } from 'node:crypto'
import type { BrowserContext } from '@playwright/test'
import { decodeJwt, SignJWT } from 'jose'
import {
  expect,
  PASSWORD,
  serverUnderTest,
  sessionCookie,
  signIn,
  signUp,
  someAddress,
  somebody,
  test,
} from './fixtures'

const DAY = 24 * 3600
const now = () => Math.floor(Date.now() / 1000)
const secret = () => new TextEncoder().encode(serverUnderTest().secrets().TWIG_SESSION_SECRET)

/** The session of a context signed anew by an independent library, with other times. */
async function resigned(context: BrowserContext, change: { iat: number; exp: number }): Promise<string> {
  const claims = decodeJwt((await sessionCookie(context))?.value ?? '')
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(secret())
}

async function setCookie(context: BrowserContext, value: string, url: string): Promise<void> {
  await context.addCookies([
    { name: 'twig_session', value, url, httpOnly: true, sameSite: 'Lax', expires: now() + DAY },
  ])
}

test('signing in sets one session cookie: HS256, seven days in cookie and token, httpOnly, Lax, whole site', async ({
  page,
  context,
  person,
}) => {
  const cookie = await sessionCookie(context)
  expect(cookie).toMatchObject({
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    secure: false,
    domain: 'localhost',
  })
  const [header, , signature] = (cookie?.value ?? '').split('.')
  expect(JSON.parse(Buffer.from(header ?? '', 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' })
  const signed = (cookie?.value ?? '').split('.').slice(0, 2).join('.')
  expect(createHmac('sha256', secret()).update(signed).digest('base64url')).toBe(signature)
  const { iat = 0, exp = 0 } = decodeJwt(cookie?.value ?? '')
  expect(exp - iat).toBe(7 * DAY)
  expect(Math.abs((cookie?.expires ?? 0) - exp)).toBeLessThan(10)
  const session = await (await page.request.get('/api/auth/session')).json()
  expect(session).toMatchObject({
    user: { email: person.email },
    organization: { plan: 'free', role: 'owner' },
  })
  expect(Date.parse(session.expires)).toBeGreaterThan(Date.now() + 6 * DAY * 1000)
})

test('a request later than a minute after signing moves the expiry to seven days again; a prefetch does not', async ({
  page,
  context,
  person,
  baseURL,
}) => {
  expect(person.email).toContain('@')
  const old = await resigned(context, { iat: now() - 6 * DAY, exp: now() + DAY })
  await setCookie(context, old, baseURL ?? '')
  const prefetch = await page.request.get('/agents', { headers: { RSC: '1', 'Next-Router-Prefetch': '1' } })
  expect(prefetch.headers()['set-cookie']).toBeUndefined()
  await page.goto('/agents')
  const renewed = decodeJwt((await sessionCookie(context))?.value ?? '')
  expect((renewed.exp ?? 0) - now()).toBeGreaterThan(7 * DAY - 60)
  const again = await page.request.get('/agents')
  expect(again.headers()['set-cookie']).toBeUndefined()
})

test('after seven days without use the login page says why and leads back to where the person was', async ({
  page,
  context,
  person,
  baseURL,
}) => {
  const idle = await resigned(context, { iat: now() - 7 * DAY - 60, exp: now() - 60 })
  await setCookie(context, idle, baseURL ?? '')
  await page.goto('/settings/api-keys?x=1')
  await page.waitForURL('**/login?**')
  await expect(page.getByText(/signed out/i)).toBeVisible()
  await expect(page.getByText(/7 days/)).toBeVisible()
  await signIn(page, person)
  await page.waitForURL('**/settings/api-keys?x=1')
})

test('when the browser itself dropped the cookie the login page still says why', async ({
  page,
  context,
  person,
}) => {
  expect(person.email).toContain('@')
  await page.goto('/agents')
  await page.waitForFunction(() => localStorage.getItem('twig:signed-in-until') !== null)
  // Closed before the time jumps: an open tab would go to the login page by itself.
  await page.goto('about:blank')
  await context.clearCookies({ name: 'twig_session' })
  await page.clock.setFixedTime(Date.now() + 8 * DAY * 1000)
  await page.goto('/account')
  await page.waitForURL('**/login?**')
  await expect(page.getByText(/signed out/i)).toBeVisible()
})

test('forged, foreign and misused tokens are no session', async ({ page, context, person, api }) => {
  const genuine = (await sessionCookie(context))?.value ?? ''
  const claims = decodeJwt(genuine)
  const sign = (payload: object, alg = 'HS256', key = secret()) =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg, typ: 'JWT' }).sign(key)
  const [header = '', payload = '', signature = ''] = genuine.split('.')
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
  const tokens = [
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${header}.${payload}.${signature.slice(0, -2)}`,
    `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'user_other' })).toString('base64url')}.${signature}`,
    await sign(claims, 'HS512'),
    await sign(claims, 'HS256', new TextEncoder().encode('another secret of at least 32 chars')),
    await sign({ ...claims, exp: now() - 1 }),
    await sign({ ...claims, iat: now() + 3600, exp: now() + 3700 }),
    await sign({ ...claims, nbf: now() + 3600 }),
    await sign({ ...claims, exp: now() + 30 * DAY }),
    await sign({ ...claims, aud: 'twig:pass' }),
    await sign({ ...claims, iss: 'somebody' }),
    await sign({ ...claims, sid: undefined }),
    'garbage',
    'a.b.c',
    '%',
  ]
  for (const token of tokens) {
    const headers = { Cookie: `twig_session=${token}` }
    expect.soft(await (await api.get('/api/auth/session', { headers })).json(), token).toEqual({})
    const account = await api.get('/account', { headers, maxRedirects: 0 })
    expect.soft(account.status(), token).toBe(307)
  }
  const siblings = { Cookie: `twig_session_x=EVIL; twig_session=${genuine}; twig_session.1=EVIL` }
  expect(await (await api.get('/api/auth/session', { headers: siblings })).json()).toMatchObject({
    user: { email: person.email },
  })
  const tossed = { Cookie: `twig_session=EVIL; twig_session=${genuine}` }
  expect(await (await api.get('/api/auth/session', { headers: tossed })).json()).toMatchObject({
    user: { email: person.email },
  })
  const asBearer = await api.get('/api/auth/session', { headers: { Authorization: `Bearer ${genuine}` } })
  expect(await asBearer.json()).toEqual({})
  await page.close()
})

test('a session cookie never opens the API', async ({ context, person, api }) => {
  expect(person.email).toContain('@')
  const cookie = `twig_session=${(await sessionCookie(context))?.value}`
  const answer = await api.get('/api/v1/whoami', { headers: { Cookie: cookie } })
  expect(answer.status()).toBe(401)
  expect(await answer.json()).toMatchObject({ code: 'missing_authorization' })
})

test('an open, idle tab refreshes its session an hour before it ends', async ({
  page,
  context,
  person,
  baseURL,
}) => {
  expect(person.email).toContain('@')
  const ending = await resigned(context, { iat: now() - 6 * DAY, exp: now() + DAY })
  await page.goto('about:blank')
  await page.clock.install()
  await setCookie(context, ending, baseURL ?? '')
  await page.goto('/agents')
  const refresh = page.waitForRequest('**/api/auth/session')
  await page.clock.fastForward((7 * DAY - 1800) * 1000)
  await refresh
})

test('a password change ends all other sessions within a second, and a person can end any of theirs', async ({
  page,
  browser,
  person,
  baseURL,
}) => {
  const headers = { 'x-forwarded-for': someAddress() }
  const elsewhere = await browser.newContext({ baseURL: baseURL ?? '', extraHTTPHeaders: headers })
  const other = await elsewhere.newPage()
  await other.goto('/login')
  await signIn(other, person)
  await other.waitForURL('**/agents')

  await page.goto('/account')
  await expect(page.getByText(headers['x-forwarded-for'])).toBeVisible()
  await page.getByLabel('Current password').fill(person.password)
  await page.getByLabel('New password').fill(`${PASSWORD}-changed`)
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(
    page
      .getByText(/password/i)
      .filter({ hasText: /changed/i })
      .first(),
  ).toBeVisible()
  await other.goto('/account')
  await other.waitForURL('**/login?**')
  await expect(other.getByText(/password/i).first()).toBeVisible()
  await page.goto('/agents')
  await expect(page).toHaveURL(/\/agents$/)
  await elsewhere.close()
})

test('changes from another origin are refused, with and without a cookie', async ({
  page,
  person,
  baseURL,
}) => {
  expect(person.email).toContain('@')
  for (const origin of [
    undefined,
    'null',
    'https://evil.example',
    'http://localhost.evil.example',
    'http://localhost:1',
  ]) {
    const headers = origin === undefined ? {} : { Origin: origin }
    const answer = await page.request.delete('/api/auth/logout', {
      headers: headers as Record<string, string>,
    })
    expect([origin, answer.status()]).toEqual([origin, 403])
  }
  expect((await page.request.get('/api/auth/session')).status()).toBe(200)
  expect((await page.request.get('/api/auth/logout')).status()).toBe(405)
  const own = await page.request.delete('/api/auth/logout', {
    headers: { Origin: new URL(baseURL ?? '').origin },
  })
  expect(own.status()).toBe(204)
})

test('sign-in answers alike whether or not the account exists', async ({ page }) => {
  const person = somebody()
  await signUp(page, person)
  await page.context().clearCookies()
  const texts: Array<string | null> = []
  for (const email of [person.email, somebody().email]) {
    await page.goto('/login')
    await signIn(page, { ...person, email, password: 'wrong-password-altogether' })
    const alert = page.getByRole('alert').filter({ hasText: /\w/ })
    await expect(alert).toBeVisible()
    texts.push(await alert.textContent())
    await expect(page.getByLabel('Email', { exact: true })).toHaveValue(email)
  }
  expect(texts[0]).toBe(texts[1])
})

test('a foreign or malformed cookie of the sign-in library does not keep anybody out', async ({
  page,
  context,
  person,
  baseURL,
}) => {
  for (const value of [
    'garbage',
    'http%3A%2F%2F%5Bbad',
    'https%3A%2F%2Fevil.example%2Fx',
    '%2F%2Fevil.example',
  ]) {
    await context.clearCookies()
    await context.addCookies([{ name: 'next-auth.callback-url', value, url: baseURL ?? '' }])
    await page.goto('/login')
    await signIn(page, person)
    await page.waitForURL('**/agents')
  }
})

test('after signing in a person lands on our own pages only', async ({ page, context, person, baseURL }) => {
  const own = new URL(baseURL ?? '').origin
  for (const next of [
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/%09/evil.example',
  ]) {
    await context.clearCookies()
    await page.goto(`/login?next=${encodeURIComponent(next)}`)
    await signIn(page, person)
    await page.waitForURL((url) => url.pathname !== '/login')
    expect(new URL(page.url()).origin).toBe(own)
  }
})
