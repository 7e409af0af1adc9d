import type { APIRequestContext, Page } from '@playwright/test'
import { bearer, expect } from './fixtures'

const HANDBOOK =
  '# Returns\n\nProducts can be returned within 30 days of delivery. The buyer pays for the parcel.\n\n# Passwords\n\nThe link to reset a password is valid for one hour.'

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
