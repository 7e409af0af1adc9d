import type { APIRequestContext, Page } from '@playwright/test'
import { bearer } from './fixtures'

/** A request shows in the console within this time (contract.md 3). */
export const SHOWN_WITHIN_MS = 2_000

/** The address of a key's page. */
export function pathOf(key: string): string {
  return `/settings/api-keys/key_${key.slice('twigsk_live_'.length).slice(0, 12)}`
}

export async function statusOf(
  api: APIRequestContext,
  key: string,
  path = '/api/v1/whoami',
): Promise<number> {
  return (await api.get(path, bearer(key))).status()
}

export async function codeOf(api: APIRequestContext, key: string): Promise<string> {
  return (await (await api.get('/api/v1/whoami', bearer(key))).json()).code
}

/** The figure under a heading of the usage tab. */
export function figure(page: Page, label: string) {
  return page.locator('dl > div').filter({ hasText: label }).locator('dd').first()
}

/** The rows of a table, each as the texts of its cells. */
export async function rowsOf(page: Page, caption: string): Promise<string[][]> {
  const rows = await page.getByRole('table', { name: caption }).locator('tbody tr').all()
  return Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()))
}

export async function openMenu(page: Page, name: string, item: string): Promise<void> {
  await page.goto('/settings/api-keys')
  await page
    .getByRole('button', { name: `Actions for ${name}` })
    .first()
    .click()
  await page.getByRole('menuitem', { name: item }).click()
}
