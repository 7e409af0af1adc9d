import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { writeIdpMetadata } from '../lib/core/saml-metadata'
import { makeIdpKeys } from '../lib/store/testing/saml-idp'
import { postgresUrl } from '../server/postgres'
import { inspect } from './accessible'
import { expect, PASSWORD, serverUnderTest, signIn, test } from './fixtures'
import { connectByFile, makeCompany } from './sso-company'

/** Enforces SSO of a company as if a test had passed, which takes an identity provider of its own. */
async function enforce(org: string): Promise<void> {
  const { dataDir, run } = serverUnderTest()
  const { postgresPassword } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'))
  const client = new pg.Client({ connectionString: postgresUrl(run().postgresPort, postgresPassword) })
  await client.connect()
  await client.query('UPDATE sso_connections SET enforced_at = now() WHERE organization_id = $1', [org])
  await client.end()
}

test('where SSO is enforced, a right password leads on to SSO with what was typed; a stranger learns nothing; a new account is not made', async ({
  page,
}) => {
  test.setTimeout(180_000)
  const company = await makeCompany()
  const issuer = `https://${company.domain}/idp`
  const certificates = [makeIdpKeys().der]
  await connectByFile(company, writeIdpMetadata({ entityId: issuer, ssoUrl: `${issuer}/sso`, certificates }))
  await enforce(company.org)

  await page.goto('/login?next=/data')
  await signIn(page, { ...company.owner, password: 'not the password of anybody' })
  await expect(page.getByRole('main').getByRole('alert')).toContainText('Sign-in failed')
  await expect(page.getByRole('main').getByRole('alert')).not.toContainText('SSO')

  await signIn(page, { ...company.owner, password: PASSWORD })
  await expect(page.getByRole('main').getByRole('alert')).toContainText('Single sign-on required')
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(company.owner.email)
  await inspect(page, 'SSO required')
  await page.getByRole('button', { name: 'Sign in with SSO' }).click()
  await page.waitForURL('**/sso?**')
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(company.owner.email)
  await page.route(`${issuer}/**`, (route) => route.fulfill({ body: 'The identity provider' }))
  await page.getByRole('button', { name: 'Sign in with SSO' }).click()
  await page.waitForURL(({ href }) => href.startsWith(`${issuer}/sso?`) && href.includes('SAMLRequest='))

  await page.goto('/signup')
  await page.getByLabel('Name', { exact: true }).fill('Eve')
  await page.getByLabel('Email', { exact: true }).fill(`eve@${company.domain}`)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await expect(page.getByRole('main').getByRole('alert')).toContainText('Single sign-on required')
})

test('an address that no organization’s SSO is for is refused in the form, with a reference, and what was typed stays', async ({
  page,
}) => {
  await page.goto('/login')
  await page.getByLabel('Email', { exact: true }).fill('bob@nowhere.example')
  await page.getByRole('button', { name: 'Sign in with SSO' }).click()
  await page.waitForURL('**/sso?**')
  await page.getByRole('button', { name: 'Sign in with SSO' }).click()
  const alert = page.getByRole('main').getByRole('alert')
  await expect(alert).toContainText('Unauthorized domain')
  await expect(alert).toContainText('Email domain not allowed')
  await expect(alert).toContainText(/ref_\w{20}/)
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue('bob@nowhere.example')
  await inspect(page, 'unauthorized domain')
})
