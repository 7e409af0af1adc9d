import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { inspect } from './accessible'
import { expect, PASSWORD, signIn, somebody, test } from './fixtures'
import { agree, CLIENT, type ReservedProvider, reserveProvider } from './provider-server'
import { startTwig } from './servers'

let google: ReservedProvider
let microsoft: ReservedProvider
let twig: Awaited<ReturnType<typeof startTwig>>

test.describe.configure({ mode: 'serial' })

test.beforeAll(async () => {
  test.setTimeout(180_000)
  google = await reserveProvider((login) => ({
    email: login,
    email_verified: true,
    // A Workspace's account: of a company's address Google proves nothing else.
    hd: login.slice(login.indexOf('@') + 1),
    name: 'Grace Hopper',
  }))
  microsoft = await reserveProvider((login) => ({ email: login, name: 'Alan Turing' }))
  twig = await startTwig({
    GOOGLE_CLIENT_ID: CLIENT.id,
    GOOGLE_CLIENT_SECRET: CLIENT.secret,
    GOOGLE_ISSUER: google.issuer,
    MICROSOFT_CLIENT_ID: CLIENT.id,
    MICROSOFT_CLIENT_SECRET: CLIENT.secret,
    MICROSOFT_ISSUER: microsoft.issuer,
    TRUSTED_PROXY_HOPS: '1',
  })
  google.serve(`${twig.url}/api/auth/callback/google`)
  microsoft.serve(`${twig.url}/api/auth/callback/microsoft`)
})

test.afterAll(async () => {
  await twig?.close()
  await google?.close()
  await microsoft?.close()
})

function newestLink(address: string): string {
  const folder = join(twig.dataDir, 'outbox')
  const mails = readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
  const mail = mails.findLast((text) => text.includes(`To: ${address}\n`)) ?? ''
  return /https?:\/\/\S+\/signup\/\w{32}/.exec(mail)?.[0] ?? ''
}

const who = async (page: Page) => (await page.request.get(`${twig.url}/api/auth/session`)).json()

async function logOut(page: Page): Promise<void> {
  await page.request.delete(`${twig.url}/api/auth/logout`, { headers: { Origin: twig.url } })
}

test('“Continue with Google” makes a new person, brings them back where they were, and knows them again', async ({
  page,
}) => {
  test.setTimeout(120_000)
  const { email } = somebody()
  await page.goto(`${twig.url}/data`)
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await agree(page, email)
  await page.waitForURL('**/data')
  expect(await who(page)).toMatchObject({ user: { email, name: 'Grace Hopper' } })
  const { user } = await who(page)

  await logOut(page)
  await page.goto(`${twig.url}/login`)
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await page.waitForURL('**/agents')
  expect((await who(page)).user.id).toBe(user.id)

  await page.goto(`${twig.url}/account`)
  await expect(page.getByText('Your account has none')).toBeVisible()
  await inspect(page, 'account with Google alone')
  await page.getByRole('button', { name: 'Unlink Google' }).click()
  await page.getByRole('button', { name: 'Unlink', exact: true }).click()
  await expect(page.getByRole('alert')).toContainText('your only way in')
})

test('“Continue with Microsoft” proves no address: a mail finishes, with the same account again', async ({
  page,
}) => {
  test.setTimeout(120_000)
  const { email } = somebody()
  await page.goto(`${twig.url}/signup`)
  await page.getByRole('button', { name: 'Continue with Microsoft' }).click()
  await agree(page, email)
  await expect(page.getByRole('heading', { name: 'Check your mail' })).toBeVisible()
  expect(await who(page)).toEqual({})
  await inspect(page, 'check your mail')

  await expect(() => expect(newestLink(email)).not.toBe('')).toPass()
  await page.goto(newestLink(email))
  await inspect(page, 'finish with Microsoft')
  await page.getByRole('button', { name: 'Continue with Microsoft' }).click()
  await page.waitForURL('**/agents')
  expect(await who(page)).toMatchObject({ user: { email } })
})

test('an account with the address is not opened but linked from the account page, signs in from then on, and can be unlinked', async ({
  page,
  context,
}) => {
  test.setTimeout(180_000)
  const person = somebody()
  twig.twig('user', 'create', '--email', person.email, '--password', PASSWORD)
  await page.goto(`${twig.url}/login`)
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await agree(page, person.email)
  await expect(page.getByRole('heading', { name: 'Account not linked' })).toBeVisible()
  await expect(page.getByText(/ref_\w+/)).toBeVisible()
  expect((await page.reload())?.status()).toBe(403)
  await inspect(page, 'not linked')
  expect(await who(page)).toEqual({})

  await page.getByRole('link', { name: 'Sign in to link it' }).click()
  await signIn(page, person)
  await page.waitForURL(`${twig.url}/account`)
  await page.getByRole('button', { name: 'Link Google' }).click()
  await page.waitForURL('**/account?linked=google')
  await expect(page.getByText('Google is linked')).toBeVisible()
  await inspect(page, 'linked')

  await logOut(page)
  await page.goto(`${twig.url}/login`)
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await page.waitForURL('**/agents')
  expect(await who(page)).toMatchObject({ user: { email: person.email } })

  await logOut(page)
  await page.goto(`${twig.url}/login`)
  await signIn(page, person)
  await page.waitForURL('**/agents')
  await page.goto(`${twig.url}/account`)
  await page.getByRole('button', { name: 'Unlink Google' }).click()
  await page.getByRole('button', { name: 'Unlink', exact: true }).click()
  await expect(page.getByText('Google unlinked')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Link Google' })).toBeVisible()
  expect((await context.cookies()).filter(({ name }) => name.startsWith('twig_sso_'))).toEqual([])
})

test('turning back at Google, and an answer nobody asked for, end on a page that says no more than an outsider may know', async ({
  page,
}) => {
  await page.goto(`${twig.url}/login`)
  await page.getByRole('button', { name: 'Continue with Google' }).click()
  await page.getByRole('link', { name: /Abort|Cancel/ }).click()
  await expect(page.getByRole('heading', { name: 'Sign-in failed' })).toBeVisible()
  const forged = await page.goto(`${twig.url}/api/auth/callback/google?code=x&state=y&error=<b>x</b>`)
  expect(forged?.status()).toBe(403)
  await expect(page.locator('body')).not.toContainText('<b>')
  expect(await who(page)).toEqual({})
  await page.getByRole('link', { name: 'Back to sign in' }).click()
  await page.waitForURL('**/login')
})
