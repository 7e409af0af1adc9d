import AxeBuilder from '@axe-core/playwright'
import type { APIRequestContext, Page } from '@playwright/test'
import pg from 'pg'
import { postgresUrl } from '../server/postgres'
import { bearer, expect, serverUnderTest } from './fixtures'

const HANDBOOK =
  '# Returns\n\nProducts can be returned within 30 days of delivery. The buyer pays for the parcel.\n\n# Passwords\n\nThe link to reset a password is valid for one hour.'

/** Nothing for axe to find and nothing wider than the screen, in both themes and sizes. */
export async function inspect(page: Page, what: string): Promise<void> {
  for (const size of [
    { width: 390, height: 844 },
    { width: 1440, height: 900 },
  ]) {
    await page.setViewportSize(size)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const { violations } = await new AxeBuilder({ page }).analyze()
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' '))}`)
      expect.soft(found, `${what} ${colorScheme} ${size.width}`).toEqual([])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect.soft(overflow, `${what} is wider than ${size.width}`).toBeLessThanOrEqual(0)
    }
  }
}

/** Makes a Live agent in the console; its page is open then. Returns its id. */
export async function createAgent(page: Page, name: string): Promise<string> {
  await page.goto('/agents')
  await page.getByRole('button', { name: 'Create agent' }).click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.waitForURL(/\/agents\/agent_\w+$/)
  return new URL(page.url()).pathname.slice('/agents/'.length)
}

/** Makes something over the API with a key that may. */
export async function make(api: APIRequestContext, key: string, path: string, data: object) {
  const made = await api.post(`/api/v1${path}`, { ...bearer(key), data })
  expect(made.status(), await made.text()).toBeLessThan(300)
  return made.json()
}

/** A data source with a text that is indexed. Returns its id. */
export async function plantSource(api: APIRequestContext, key: string, name: string): Promise<string> {
  const { id } = await make(api, key, '/data-sources', { name })
  const url = 'https://example.com/handbook'
  await make(api, key, `/data-sources/${id}/documents`, { title: 'Shop rules', text: HANDBOOK, url })
  await expect(async () => {
    const source = await api.get(`/api/v1/data-sources/${id}`, bearer(key))
    expect((await source.json()).status).toBe('ready')
  }).toPass()
  return id
}

/** Asks in the playground that is open. */
export async function ask(page: Page, question: string): Promise<void> {
  await page.getByLabel('Message').fill(question)
  await page.keyboard.press('Enter')
}

/** The part of the playground with a question and what came of it. */
export function turnOf(page: Page, question: string) {
  return page.getByRole('article', { name: `Question: ${question}` }).last()
}

/** Makes somebody a viewer wherever they are a member. */
export async function makeViewer(email: string): Promise<void> {
  const { run, secrets } = serverUnderTest()
  const connectionString = postgresUrl(run().postgresPort, secrets().postgresPassword ?? '')
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(
    "update memberships set role = 'viewer' where user_id in (select id from users where email = $1)",
    [email],
  )
  await client.end()
}
