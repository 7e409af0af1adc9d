import type { Page } from '@playwright/test'
import { makeIdpKeys } from '../lib/store/testing/saml-idp'
import { startSamlifyIdp } from '../lib/store/testing/samlify-idp'
import { inspect } from './accessible'
import { expect, sessionCookie, signIn, test } from './fixtures'
import { agree, CLIENT, reserveProvider } from './provider-server'
import { connect, connectByFile, makeCompany } from './sso-company'

const DAY_S = 24 * 60 * 60

const samlIdp = (baseURL: string | undefined) =>
  startSamlifyIdp(async () => (await fetch(`${baseURL}/api/auth/saml/metadata`)).text())

/** From the login page to the identity provider's own. */
async function leaveFor(page: Page, email: string): Promise<void> {
  await page.goto('/login')
  await page.getByRole('button', { name: 'Sign in with SSO' }).click()
  await page.waitForURL(/\/sso(?:\?|$)/)
  await page.getByLabel('Email', { exact: true }).fill(email)
  await page.getByRole('button', { name: 'Sign in with SSO' }).click()
}

async function logInAtIdp(page: Page, email: string): Promise<void> {
  await expect(page.getByRole('heading', { name: 'Example IdP' })).toBeVisible()
  await page.getByLabel('Account').fill(email)
  await page.getByRole('button', { name: 'Log in' }).click()
}

test.describe.configure({ mode: 'serial' })

test('SAML from Twig’s login page, metadata by URL: a new person is a member with an ordinary session; logging out ends it while the identity provider’s lives on', async ({
  page,
  context,
  baseURL,
}) => {
  test.setTimeout(120_000)
  const idp = await samlIdp(baseURL)
  const company = await makeCompany()
  await connect(company, '--metadata-url', `${idp.url}/metadata`)
  const email = `grace@${company.domain}`
  try {
    await leaveFor(page, email)
    await logInAtIdp(page, email)
    await page.waitForURL('**/agents')
    const before = await sessionCookie(context)
    expect(before).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
    expect(Math.abs((before?.expires ?? 0) - Date.now() / 1000 - 7 * DAY_S)).toBeLessThan(120)
    const session = await (await page.request.get('/api/auth/session')).json()
    expect(session).toMatchObject({ user: { email }, organization: { name: company.name } })
    await page.goto('/settings/members')
    await expect(page.getByRole('row').filter({ hasText: email })).toContainText(/member/i)

    await page.request.delete('/api/auth/logout', { headers: { Origin: `${baseURL}` } })
    if (before) await context.addCookies([before])
    await page.goto('/agents')
    await page.waitForURL(/\/login/)
    await leaveFor(page, email)
    await page.waitForURL('**/agents')
  } finally {
    await idp.close()
  }
})

test('SAML begun at the identity provider, metadata by file: the person is asked before anything, and then is in', async ({
  page,
  baseURL,
}) => {
  test.setTimeout(120_000)
  const idp = await samlIdp(baseURL)
  const company = await makeCompany()
  idp.behave({ shape: 'both' })
  await connectByFile(company, idp.metadata(), '--idp-initiated')
  const email = `linus@${company.domain}`
  try {
    await page.goto(`${idp.url}/start?email=${email}`)
    await expect(page.getByRole('heading', { name: `Continue as ${email} to ${company.name}` })).toBeVisible()
    await inspect(page, 'continue')
    expect(await (await page.request.get('/api/auth/session')).json()).toEqual({})
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL('**/agents')
  } finally {
    await idp.close()
  }
})

test('an answer signed by another key, and one for another domain, end at a page with a reference by which an admin finds the cause', async ({
  page,
  browser,
  baseURL,
}) => {
  test.setTimeout(180_000)
  const idp = await samlIdp(baseURL)
  const company = await makeCompany()
  await connectByFile(company, idp.metadata())
  idp.behave({ keys: makeIdpKeys() })
  const admin = await browser.newContext({ baseURL })
  try {
    await leaveFor(page, `eve@${company.domain}`)
    const forged = page.waitForResponse((answer) => answer.url().includes('/auth/error'))
    await logInAtIdp(page, `eve@${company.domain}`)
    expect((await forged).status()).toBe(403)
    await expect(page.getByRole('heading', { name: 'Authentication failed' })).toBeVisible()
    await expect(page.getByText('Invalid SAML assertion')).toBeVisible()
    await inspect(page, 'authentication failed')
    const reference = new URL(page.url()).searchParams.get('ref') ?? ''
    expect(reference).not.toBe('')
    expect(await (await page.request.get('/api/auth/session')).json()).toEqual({})

    const settings = await admin.newPage()
    await settings.goto('/login')
    await signIn(settings, company.owner)
    await settings.waitForURL('**/agents')
    await settings.goto(`/settings/authentication?attempt=${reference}`)
    await expect(settings.getByText(reference).first()).toBeVisible()
    await expect(settings.getByText(/certificate/i).first()).toBeVisible()
  } finally {
    await admin.close()
    await idp.close()
  }
  const honest = await samlIdp(baseURL)
  const other = await makeCompany()
  await connectByFile(other, honest.metadata())
  try {
    await page.goto(`${honest.url}/logout`)
    await leaveFor(page, `mallory@${other.domain}`)
    await logInAtIdp(page, `mallory@elsewhere.${other.domain}`)
    await expect(page.getByRole('heading', { name: 'Unauthorized domain' })).toBeVisible()
    await expect(page.getByText('Email domain not allowed')).toBeVisible()
    expect(await (await page.request.get('/api/auth/session')).json()).toEqual({})
  } finally {
    await honest.close()
  }
})

test('OpenID Connect: the provider’s own pages lead to an ordinary session; while it is down the page says so, with 503, and nobody is signed out', async ({
  page,
  context,
  baseURL,
}) => {
  test.setTimeout(120_000)
  const provider = await reserveProvider((login) => ({
    email: login,
    email_verified: true,
    name: 'Barbara Liskov',
  }))
  provider.serve(`${baseURL}/api/auth/oidc/callback`)
  const company = await makeCompany()
  const { id, secret } = CLIENT
  await connect(
    company,
    ...['--oidc-discovery', provider.issuer, '--client-id', id, '--client-secret', secret],
  )
  const email = `barbara@${company.domain}`
  await leaveFor(page, email)
  await agree(page, email)
  await page.waitForURL('**/agents')
  const session = await (await page.request.get('/api/auth/session')).json()
  expect(session).toMatchObject({ user: { email, name: 'Barbara Liskov' }, organization: { role: 'member' } })
  const cookie = await sessionCookie(context)

  await provider.close()
  const stranger = await context.browser()?.newContext({ baseURL: `${baseURL}` })
  const other = await stranger?.newPage()
  if (!other) throw new Error('no browser')
  await other.goto('/sso')
  await other.getByLabel('Email', { exact: true }).fill(email)
  await other.getByRole('button', { name: 'Sign in with SSO' }).click()
  await expect(other.getByRole('main').getByRole('alert')).toContainText(/does not answer|unavailable/i)
  await expect(other.getByLabel('Email', { exact: true })).toHaveValue(email)
  await stranger?.close()
  await page.goto('/agents')
  expect((await sessionCookie(context))?.value).toBe(cookie?.value)
})
