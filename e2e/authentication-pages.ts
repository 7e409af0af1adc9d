import { randomBytes } from 'node:crypto'
import type { Page } from '@playwright/test'
import { sql } from './database'
import { expect, type Person } from './fixtures'

export const PATH = '/settings/authentication'

const ORGANIZATION_OF =
  '(select organization_id from memberships join users on users.id = user_id where email = $1 limit 1)'

/** Gives a person's organization the Enterprise plan, as the operator would. */
export async function makeEnterprise({ email }: Person): Promise<void> {
  await sql(`update organizations set plan = 'enterprise' where id = ${ORGANIZATION_OF}`, [email])
}

/** Vouches for a domain that was added, as the operator would, and makes it that of the person's address. */
export async function verifyOwnDomain(person: Person, name: string): Promise<void> {
  const columns = 'owned_name = name, verified_at = now(), checked_at = now()'
  await sql(`update domains set ${columns} where name = $2 and organization_id = ${ORGANIZATION_OF}`, [
    person.email,
    name,
  ])
}

/** A domain that nobody else has. */
export function someDomain(): string {
  return `acme-${randomBytes(5).toString('hex')}.test`
}

/** Adds a domain in the page that is open. */
export async function addDomain(page: Page, domain: string): Promise<void> {
  await page.getByLabel('Domain', { exact: true }).fill(domain)
  await page.getByRole('button', { name: 'Add domain' }).click()
}

/** Chooses a provider and pastes its metadata, up to the preview. */
export async function pasteMetadata(page: Page, metadata: string, provider = 'Okta'): Promise<void> {
  await page.getByRole('radio', { name: provider, exact: true }).check()
  await page.getByRole('radio', { name: 'Paste', exact: true }).check()
  await page.getByLabel('Metadata XML', { exact: true }).fill(metadata)
  await page.getByRole('button', { name: 'Read metadata' }).click()
}

/** From nothing to a connection that is saved, with a domain that is verified. */
export async function setUpConnection(
  page: Page,
  person: Person,
  idp: { metadata: string },
): Promise<string> {
  const domain = someDomain()
  await page.goto(PATH)
  await addDomain(page, domain)
  await expect(page.getByText(`_twig-verification.${domain}`)).toBeVisible()
  await verifyOwnDomain(person, domain)
  await page.reload()
  await pasteMetadata(page, idp.metadata)
  await page.getByRole('button', { name: 'Save connection' }).click()
  await expect(page.getByRole('heading', { name: 'SSO Config' })).toBeVisible()
  return domain
}

/** Goes to the identity provider and back, and waits for the checks. */
export async function testConnection(page: Page): Promise<void> {
  const before = page.url()
  await page.getByRole('button', { name: /^Test (?:connection|again)$/ }).click()
  await page.waitForURL((url) => url.href !== before && /^\?attempt=ref_\w+$/.test(url.search))
  await expect(page.getByRole('heading', { name: 'Test of the connection' })).toBeVisible()
}
