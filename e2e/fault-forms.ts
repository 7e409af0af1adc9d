import type { Browser, Page } from '@playwright/test'
import { type Person, someAddress, somebody } from './fixtures'

/** Forms that somebody has filled in and not yet sent. */
export interface OpenForms {
  /** Of who signs up. */
  email: string
  /** Sends them all: `works`, `unavailable`, or what the form says, for each. */
  send(): Promise<string[]>
  close(): Promise<void>
}

/** What a form's page comes to: where it leads, or the alert. */
async function send(page: Page, button: string, done: () => Promise<unknown>): Promise<string> {
  const alert = page.getByRole('alert').filter({ hasText: /\w/ })
  await page.getByRole('button', { name: button }).click()
  const refused = alert.waitFor().then(async () => {
    const text = (await alert.textContent()) ?? ''
    return text.includes('Temporarily unavailable') ? 'unavailable' : text
  })
  return Promise.race([refused, done().then(() => 'works')])
}

/** Opens and fills in the forms of somebody who signs up, and of somebody who forgot a password. */
export async function openForms(browser: Browser, url: string): Promise<OpenForms> {
  const extraHTTPHeaders = { 'x-forwarded-for': someAddress() }
  const context = await browser.newContext({ baseURL: url, extraHTTPHeaders })
  const [signUp, reset] = await Promise.all([context.newPage(), context.newPage()])
  const person: Person = somebody()
  await Promise.all([signUp.goto('/signup'), reset.goto('/reset')])
  await signUp.getByLabel('Name', { exact: true }).fill(person.name)
  await signUp.getByLabel('Email', { exact: true }).fill(person.email)
  await signUp.getByLabel('Password', { exact: true }).fill(person.password)
  await reset.getByLabel('Email', { exact: true }).fill(person.email)
  return {
    email: person.email,
    send: () =>
      Promise.all([
        send(signUp, 'Sign up', () => signUp.waitForURL('**/agents')),
        send(reset, 'Send reset link', () => reset.getByText('a mail with a link is on its way').waitFor()),
      ]),
    close: () => context.close(),
  }
}
