import type { BrowserContext, Page } from '@playwright/test'
import { bearer, expect, type Person, signIn } from './fixtures'

/** Looks at the provider's consent page: what it wants, and for whom. */
export async function consent(
  page: Page,
  choice: { account?: string; without?: string; deny?: boolean } = {},
): Promise<void> {
  await expect(page.getByRole('heading', { name: /^Sign in with / })).toBeVisible()
  if (choice.account) await page.getByRole('radio', { name: choice.account }).check()
  if (choice.without) await page.getByRole('checkbox', { name: choice.without }).uncheck()
  await page.getByRole('button', { name: choice.deny ? 'Deny' : 'Allow' }).click()
}

/** Who has signed in before goes on with the same session: these journeys are not about signing in. */
const sessions = new Map<string, Awaited<ReturnType<BrowserContext['cookies']>>>()

/** From the login page into the console. */
export async function comeIn(page: Page, url: string, person: Person): Promise<void> {
  const before = sessions.get(person.email)
  if (before) return page.context().addCookies(before)
  await page.goto(`${url}/login`)
  await signIn(page, person)
  await page.waitForURL('**/agents')
  sessions.set(person.email, await page.context().cookies())
}

/** Data → Add Data Source → the provider's card → Connect, as far as the provider's page. */
export async function leaveFor(page: Page, url: string, provider: string, name: string): Promise<void> {
  await page.goto(`${url}/data`)
  await page.getByRole('button', { name: 'Add Data Source' }).first().click()
  await page.getByRole('button', { name: provider, exact: true }).click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
}

/** The badge beside the source's name. */
export async function expectStatus(page: Page, status: string): Promise<void> {
  const badge = page.locator('header').getByText(status, { exact: true })
  await expect(badge).toBeVisible({ timeout: 40_000 })
}

/** Waits for the source's page with the status, and answers the source's id. */
export async function landOn(page: Page, status: string): Promise<string> {
  await page.waitForURL(/\/data\/ds_\w+/)
  await expectStatus(page, status)
  return /ds_\w+/.exec(page.url())?.[0] ?? ''
}

/** Opens the way to a place in the picker and ticks it; loads more where it is not there yet. */
export async function tick(page: Page, ...way: string[]): Promise<void> {
  const tree = page.getByRole('tree')
  for (const [index, name] of way.entries()) {
    const row = tree.getByRole('treeitem', { name, exact: true })
    const more = tree.getByRole('treeitem', { name: /^Load more/ })
    await expect(async () => {
      if (!(await row.isVisible()) && (await more.last().isVisible())) await more.last().click()
      await expect(row).toBeVisible({ timeout: 1_000 })
    }).toPass()
    await row.focus()
    await page.keyboard.press(index === way.length - 1 ? 'Space' : 'ArrowRight')
  }
}

/** Waits until the sync has ended well with so many documents. A page that a busy machine could not make is asked for again. */
export async function upToDate(page: Page, documents: number): Promise<void> {
  const words = page.getByText(`Up to date · ${documents} ${documents === 1 ? 'document' : 'documents'}`)
  const failure = page.getByRole('heading', { name: 'Twig cannot show this now' })
  await expect(async () => {
    await expect(words.or(failure)).toBeVisible({ timeout: 40_000 })
    if (await failure.isVisible()) await page.reload()
    await expect(words).toBeVisible({ timeout: 1_000 })
  }).toPass({ timeout: 60_000 })
}

/** Sync now, to its end: what is told of the one before does not count. */
export async function syncNow(page: Page, documents: number): Promise<void> {
  const last = page.locator('dt:text-is("Last sync") + dd time')
  const before = (await last.getAttribute('datetime')) ?? ''
  await page.getByRole('button', { name: 'Sync now' }).click()
  await expect(last).not.toHaveAttribute('datetime', before, { timeout: 40_000 })
  await upToDate(page, documents)
}

/** Disconnects in the source's settings, which leads to the receipt. */
export async function disconnect(page: Page, look?: () => Promise<void>): Promise<void> {
  await page.getByRole('tab', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Disconnect' }).click()
  const dialog = page.getByRole('alertdialog')
  await expect(dialog).toContainText('the tokens are deleted at once')
  await look?.()
  await dialog.getByRole('button', { name: 'Disconnect' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByText('The tokens are deleted')).toBeVisible()
  await expectStatus(page, 'Disconnected')
}

/** A program of an organization: cookies mean nothing to the API, so the page's own requests will do. */
export interface Program {
  page: Page
  base: string
  key: string
}

async function post<T>({ page, base, key }: Program, path: string, data: object): Promise<T> {
  const answer = await page.request.post(`${base}/api/v1${path}`, { ...bearer(key), data })
  expect(answer.ok(), await answer.text()).toBe(true)
  return answer.json()
}

/** An agent that draws from one source, without any model. */
export async function agentOn(program: Program, sourceId: string): Promise<string> {
  const data = { name: 'Support', data_source_ids: [sourceId] }
  return (await post<{ id: string }>(program, '/agents', data)).id
}

interface Answer {
  response: string
  sources: { document_title: string; document_url: string | null }[]
}

interface Question {
  agentId: string
  query: string
}

function ask(program: Program, { agentId, query }: Question): Promise<Answer> {
  return post(program, '/query', { agent_id: agentId, query })
}

/** Asks until the answer quotes a document by title and address: indexing follows a sync by a moment. */
export async function expectQuoted(
  program: Program,
  question: Question,
  quoted: { words: RegExp; title: RegExp; url: RegExp },
): Promise<void> {
  await expect(async () => {
    const { response, sources } = await ask(program, question)
    expect(response).toMatch(quoted.words)
    const source = sources.find(({ document_title }) => quoted.title.test(document_title))
    expect(source?.document_url).toMatch(quoted.url)
  }).toPass({ timeout: 30_000 })
}

/** Asks until nothing of a document is quoted. */
export async function expectUnquoted(program: Program, question: Question, words: RegExp): Promise<void> {
  await expect(async () => {
    expect((await ask(program, question)).response).not.toMatch(words)
  }).toPass({ timeout: 30_000 })
}
