import { randomBytes } from 'node:crypto'
import { inspect } from './accessible'
import {
  addDomain,
  makeEnterprise,
  PATH,
  pasteMetadata,
  setUpConnection,
  someDomain,
  testConnection,
  verifyOwnDomain,
} from './authentication-pages'
import { sql } from './database'
import { expect, PASSWORD, test } from './fixtures'
import { makeIdp, serveIdp } from './testing/page-idp'

test.describe.configure({ timeout: 180_000 })

test('from nothing to a saved connection: bad input keeps what was typed and names the field, accessible at every step', async ({
  page,
  person,
  complaints,
}) => {
  await makeEnterprise(person)
  await page.goto(PATH)
  await inspect(page, 'empty')
  const domainField = page.getByLabel('Domain', { exact: true })
  await addDomain(page, 'gmail.com')
  await expect(page.getByText(/Anybody can have an address at gmail.com/)).toBeVisible()
  await expect(domainField).toHaveValue('gmail.com')
  await expect(domainField).toBeFocused()
  await addDomain(page, 'not a domain')
  await expect(page.getByText('This is not a domain such as acme.com.')).toBeVisible()
  const domain = someDomain()
  await addDomain(page, domain.toUpperCase())
  await expect(page.getByText(`_twig-verification.${domain}`)).toBeVisible()
  await expect(page.getByText(/^twig-domain-verification=\w{32}$/)).toBeVisible()
  await expect(domainField).toHaveValue('')
  await page.getByRole('button', { name: `Check ${domain} now` }).click()
  await expect(page.getByText('What the check found')).toBeVisible()
  await inspect(page, 'domain not found')
  await verifyOwnDomain(person, domain)

  for (const name of ['Microsoft Entra ID', 'Google Workspace', 'OneLogin', 'Auth0', 'Other SAML 2.0']) {
    await page.getByRole('radio', { name, exact: true }).check()
    await expect(page.getByText(/\/api\/auth\/saml\/acs/).first()).toBeVisible()
  }
  await page.getByRole('radio', { name: 'Okta', exact: true }).check()
  await expect(page.getByText('Audience URI (SP Entity ID)')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Copy Single sign-on URL' })).toBeVisible()
  await page.getByLabel('Metadata URL', { exact: true }).fill('https://10.0.0.1/metadata')
  await page.getByRole('button', { name: 'Read metadata' }).click()
  await expect(page.getByLabel('Metadata URL', { exact: true })).toBeFocused()
  await expect(page.getByLabel('Metadata URL', { exact: true })).toHaveValue('https://10.0.0.1/metadata')
  const idp = makeIdp()
  await pasteMetadata(page, idp.metadata.replaceAll('IDPSSODescriptor', 'SPSSODescriptor'))
  await expect(page.getByText(/describes no identity provider/)).toBeVisible()
  await expect(page.getByLabel('Metadata XML', { exact: true })).toHaveValue(/SPSSODescriptor/)
  await inspect(page, 'bad metadata')

  await pasteMetadata(page, idp.metadata)
  const preview = page.getByRole('status', { name: 'What was read' })
  await expect(preview).toContainText(idp.entityId)
  await expect(preview).toContainText(idp.ssoUrl)
  await expect(preview).toContainText('CN=localhost')
  await expect(preview).toContainText(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/)
  await expect(preview).toContainText(/Valid until 20\d\d-/)
  const name = page.getByLabel('Name', { exact: true })
  await name.fill(' ')
  await page.getByLabel('Name attribute', { exact: true }).fill('displayName')
  await page.getByRole('button', { name: 'Save connection' }).click()
  await expect(page.getByText('Name is required')).toBeVisible()
  await expect(page.getByLabel('Name attribute', { exact: true })).toHaveValue('displayName')
  await inspect(page, 'preview and mapping')
  await name.fill('Company login')
  await page.getByRole('button', { name: 'Save connection' }).click()
  await expect(page.getByRole('heading', { name: 'SSO Config' })).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Company login' })).toBeVisible()
  const toggle = page.getByRole('switch', { name: 'Enforce SSO' })
  await expect(toggle).toBeDisabled()
  await expect(page.getByText(/No test has passed on exactly this configuration/)).toBeVisible()
  await inspect(page, 'saved')
  expect(complaints).toEqual([])
})

test('metadata from a file, and OpenID Connect without a client id: the preview, and the field at fault', async ({
  page,
  person,
}) => {
  await makeEnterprise(person)
  const idp = makeIdp()
  await page.goto(PATH)
  await page.getByRole('radio', { name: 'Google Workspace', exact: true }).check()
  const file = { name: 'GoogleIDPMetadata.xml', mimeType: 'text/xml', buffer: Buffer.from(idp.metadata) }
  await page.getByLabel('Metadata file', { exact: true }).setInputFiles(file)
  await page.getByRole('button', { name: 'Read metadata' }).click()
  await expect(page.getByRole('status', { name: 'What was read' })).toContainText(idp.entityId)
  const large = { ...file, buffer: Buffer.alloc(1_100_000, 32) }
  await page.getByLabel('Metadata file', { exact: true }).setInputFiles(large)
  await expect(page.getByRole('status', { name: 'What was read' })).toBeHidden()
  await page.getByRole('button', { name: 'Read metadata' }).click()
  await expect(page.getByText(/larger than 1 MB/)).toBeVisible()

  await page.getByRole('radio', { name: 'OpenID Connect', exact: true }).check()
  await expect(page.getByText(/\/api\/auth\/oidc\/callback/)).toBeVisible()
  const secret = `secret-${randomBytes(8).toString('hex')}`
  await page.getByLabel('Discovery URL', { exact: true }).fill('https://10.0.0.1')
  await page.getByLabel('Client secret', { exact: true }).fill(secret)
  await page.getByRole('button', { name: 'Check the provider' }).click()
  await expect(page.getByText(/shows it as client ID/)).toBeVisible()
  await page.getByLabel('Client ID', { exact: true }).fill('twig')
  await page.getByRole('button', { name: 'Check the provider' }).click()
  await expect(page.getByText(/cannot be used|does not call/).first()).toBeVisible()
  await expect(page.getByLabel('Client secret', { exact: true })).toHaveValue(secret)
  expect(await page.content()).not.toContain(secret)
  await inspect(page, 'OpenID Connect')
})

test('a test shows every fault at once with the fix for the provider, and a passed one unlocks Enforce, whose dialog says whom it concerns', async ({
  page,
  person,
  complaints,
}) => {
  await makeEnterprise(person)
  const idp = makeIdp()
  const domain = await setUpConnection(page, person, idp)
  const email = `ada@${domain}`
  await sql('update users set email = $2 where email = $1', [person.email, email])
  await serveIdp(page, idp, () => email)

  idp.lie = { audience: 'https://wrong.example.com', recipient: 'https://other.example.com/acs' }
  await testConnection(page)
  const failed = page.getByRole('list', { name: 'What failed' })
  await expect(failed.getByRole('heading')).toHaveText([
    'The assertion is for another address',
    'The assertion is for another application',
  ])
  await expect(failed).toContainText('https://wrong.example.com')
  await expect(failed).toContainText('Audience URI (SP Entity ID)')
  await expect(page.getByRole('switch', { name: 'Enforce SSO' })).toBeDisabled()
  await page.getByText(/^Every check \(/).click()
  await inspect(page, 'test failed')
  const reference = new URL(page.url()).searchParams.get('attempt') ?? ''

  idp.lie = {}
  await testConnection(page)
  await expect(page.getByText('The test passed')).toBeVisible()
  await inspect(page, 'test passed')
  await page.goto(PATH)
  await page.getByLabel('Reference', { exact: true }).fill(reference)
  await page.getByRole('button', { name: 'Find' }).click()
  await expect(page.getByText('The test failed')).toBeVisible()
  await page.getByRole('link', { name: 'Close' }).click()
  await page.waitForURL(`**${PATH}`)
  await page.waitForLoadState('networkidle')

  await page.getByRole('checkbox', { name: person.name }).check()
  await page.getByRole('button', { name: 'Save pilot users' }).click()
  await expect(page.getByText('1 pilot user', { exact: true })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Disable' })).toBeVisible()

  await page.getByRole('switch', { name: 'Enforce SSO' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByText('1 member signs in with SSO only')).toBeVisible()
  await expect(dialog.getByRole('list', { name: 'Members it concerns' })).toContainText(email)
  await dialog.getByLabel('Your password', { exact: true }).fill('not the password')
  await dialog.getByRole('button', { name: 'Enforce' }).click()
  await expect(dialog.getByText('This is not your present password.')).toBeVisible()
  await expect(dialog.getByLabel('Your password', { exact: true })).toBeFocused()
  await inspect(page, 'enforce dialog failing')
  await dialog.getByLabel('Your password', { exact: true }).fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Enforce' }).click()
  await expect(page.getByText('SSO is enforced', { exact: true })).toBeVisible()
  await expect(page.getByRole('switch', { name: 'Enforce SSO' })).toBeChecked()
  for (const gone of ['Disable', 'Delete', `Remove ${domain}`])
    await expect(page.getByRole('button', { name: gone })).toHaveCount(0)
  await inspect(page, 'enforced')

  await page.getByRole('switch', { name: 'Enforce SSO' }).click()
  await dialog.getByLabel('Your password', { exact: true }).fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Stop enforcing' }).click()
  await expect(page.getByText('SSO is not enforced any more')).toBeVisible()
  await expect(page.getByRole('switch', { name: 'Enforce SSO' })).not.toBeChecked()
  expect(complaints).toEqual([])
})

test('edit makes a new test necessary, disabling can be undone, and deleting wants the name typed', async ({
  page,
  person,
  complaints,
}) => {
  await makeEnterprise(person)
  const idp = makeIdp()
  const domain = await setUpConnection(page, person, idp)
  await serveIdp(page, idp, () => `ada@${domain}`)
  await testConnection(page)
  await page.goto(PATH)
  await expect(page.getByText(/on this configuration$/)).toBeVisible()

  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Give the metadata anew').check()
  await page.getByRole('radio', { name: 'Paste', exact: true }).check()
  await page.getByLabel('Metadata XML', { exact: true }).fill('<nothing/>')
  await page.getByLabel('E-mail attribute', { exact: true }).fill('mail')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText(/describes no identity provider/)).toBeVisible()
  await expect(page.getByLabel('E-mail attribute', { exact: true })).toHaveValue('mail')
  await inspect(page, 'edit failing')
  await page.getByLabel('Give the metadata anew').uncheck()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText('Okta saved')).toBeVisible()
  await expect(page.getByText('None on this configuration')).toBeVisible()
  await expect(page.getByRole('switch', { name: 'Enforce SSO' })).toBeDisabled()

  await page.getByRole('button', { name: 'Disable' }).click()
  await expect(page.getByText('Okta disabled')).toBeVisible()
  await expect(page.getByText('The connection is disabled. Make it active first.')).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('Okta is active')).toBeVisible()

  await page.getByRole('button', { name: `Remove ${domain}` }).click()
  const dialog = page.getByRole('alertdialog')
  await expect(dialog.getByRole('button', { name: 'Remove' })).toBeDisabled()
  await inspect(page, 'remove a verified domain')
  await dialog.getByLabel(/to confirm/).fill(domain)
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByText(`${domain} removed`)).toBeVisible()

  await page.getByRole('button', { name: 'Delete' }).click()
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled()
  await dialog.getByLabel(/to confirm/).fill('okta')
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled()
  await dialog.getByLabel(/to confirm/).fill('Okta')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('Okta deleted')).toBeVisible()
  await expect(page.getByRole('heading', { name: 'SSO Config' })).toHaveCount(0)
  await expect(page.getByRole('heading', { name: 'Set up single sign-on' })).toBeVisible()
  expect(complaints).toEqual([])
})
