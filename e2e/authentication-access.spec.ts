import { inspect } from './accessible'
import { addDomain, makeEnterprise, PATH, setUpConnection, testConnection } from './authentication-pages'
import { setRole } from './database'
import { expect, signUp, somebody, test } from './fixtures'
import { makeIdp, serveIdp } from './testing/page-idp'

test.describe.configure({ timeout: 180_000 })

test('below Enterprise the page says what single sign-on is and what it needs, without a button', async ({
  page,
  person,
  complaints,
}) => {
  expect(person.email).toContain('@')
  await page.goto('/agents')
  await page.getByRole('link', { name: 'Authentication' }).click()
  await expect(page.getByText('Single sign-on needs the Enterprise plan')).toBeVisible()
  await expect(page.getByRole('main').getByRole('button')).toHaveCount(0)
  await inspect(page, 'below Enterprise')
  expect(complaints).toEqual([])
})

test('a member and a viewer find no way there, and the page shows them nothing', async ({ page, person }) => {
  await makeEnterprise(person)
  const idp = makeIdp()
  const domain = await setUpConnection(page, person, idp)
  for (const role of ['member', 'viewer']) {
    await setRole(person, role)
    await page.goto('/agents')
    await expect(page.getByRole('link', { name: 'API Keys', exact: true })).toBeVisible()
    await expect(page.getByRole('link', { name: 'Authentication' })).toHaveCount(0)
    await page.goto(PATH)
    await expect(page.getByText('Authentication needs the role admin')).toBeVisible()
    const html = await page.content()
    for (const secret of [domain, idp.entityId, 'SSO Config']) expect(html).not.toContain(secret)
  }
  await inspect(page, 'as a viewer')
})

test('another organization’s attempt and connection are not there', async ({ page, person, browser }) => {
  await makeEnterprise(person)
  const idp = makeIdp()
  const domain = await setUpConnection(page, person, idp)
  await serveIdp(page, idp, () => `ada@${domain}`)
  await testConnection(page)
  const reference = new URL(page.url()).searchParams.get('attempt') ?? ''

  const context = await browser.newContext()
  const other = await context.newPage()
  const stranger = somebody()
  await signUp(other, stranger)
  await makeEnterprise(stranger)
  await other.goto(`${PATH}?attempt=${reference}`)
  await expect(other.getByText('No attempt of your organization has this reference.')).toBeVisible()
  expect(await other.content()).not.toContain(domain)
  await addDomain(other, domain)
  await expect(other.getByText(`_twig-verification.${domain}`)).toBeVisible()
  await expect(other.getByText('Not verified yet')).toBeVisible()
  await context.close()
})

test('an admin who is no owner sees the toggle locked, with the reason', async ({ page, person }) => {
  await makeEnterprise(person)
  const idp = makeIdp()
  const domain = await setUpConnection(page, person, idp)
  await serveIdp(page, idp, () => `ada@${domain}`)
  await setRole(person, 'admin')
  await testConnection(page)
  await page.goto(PATH)
  await expect(page.getByRole('switch', { name: 'Enforce SSO' })).toBeDisabled()
  await expect(page.getByText('Only an owner can switch this.')).toBeVisible()
})
