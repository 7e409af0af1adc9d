import type { Page } from '@playwright/test'
import { notionId } from '../lib/store/testing/notion-server'
import { inspect } from './accessible'
import {
  agentOn,
  comeIn,
  consent,
  disconnect,
  expectQuoted,
  expectStatus,
  expectUnquoted,
  landOn,
  leaveFor,
  syncNow,
  tick,
  upToDate,
} from './connector-pages'
import { expect, test } from './fixtures'
import { type ConnectorWorld, startConnectorWorld } from './testing/connector-world'

let world: ConnectorWorld

const ADA = 'ada@example.com'
const GRACE = 'grace@example.com'
const RETURNS = 'Oak chairs can be returned within 30 days of delivery.'
const CHANGED = 'Oak chairs can be returned within 45 days of delivery.'
const LAMPS = 'Brass lamps are repaired for free for two years.'
const CHAIRS = 'How long can oak chairs be returned?'
const REPAIRS = 'Are brass lamps repaired for free?'

test.describe.configure({ mode: 'serial', timeout: 180_000 })

test.beforeAll(async () => {
  test.setTimeout(180_000)
  world = await startConnectorWorld()
})

test.afterAll(() => world?.close())

/** Connects and indexes; answers the source's id. */
async function connect(page: Page, provider: string, way: string[], documents: number): Promise<string> {
  await leaveFor(page, world.url, provider, `Our ${provider}`)
  await consent(page)
  const id = await landOn(page, 'Connected')
  await tick(page, ...way)
  await page.getByRole('button', { name: 'Index these' }).click()
  await expect(page.getByText('Indexing has begun')).toBeVisible()
  await upToDate(page, documents)
  return id
}

/** Whether an answer follows what is edited and deleted at the provider. */
async function expectFollowed(
  page: Page,
  sourceId: string,
  { title, url, documents, change }: { title: RegExp; url: RegExp; documents: number; change: () => void },
): Promise<void> {
  const program = { page, base: world.url, key: world.acme.key }
  const agentId = await agentOn(program, sourceId)
  await expectQuoted(program, { agentId, query: CHAIRS }, { words: /30 days/, title, url })
  await expectQuoted(program, { agentId, query: REPAIRS }, { words: /two years/, title: /./, url })
  change()
  await syncNow(page, documents)
  await expectQuoted(program, { agentId, query: CHAIRS }, { words: /45 days/, title, url })
  await expectUnquoted(program, { agentId, query: REPAIRS }, /two years/)
}

let driveId = ''

test('Google Drive: nested folders and native documents over several pages; an edit and a deletion are in the answers', async ({
  page,
}) => {
  const { control } = world.google
  control.putFolder({ id: 'team', name: 'Team', parent: 'root' })
  control.putFolder({ id: 'deep', name: 'Deep', parent: 'team' })
  control.putFolder({ id: 'aside', name: 'Aside', parent: 'root' })
  control.putFile({ id: 'secret', name: 'Not chosen', parent: 'aside', text: 'Nobody chose this.' })
  control.putMany(3, 'team')
  control.putFile({ id: 'returns', name: 'Returns', parent: 'deep', text: RETURNS })
  control.putFile({ id: 'lamps', name: 'Lamps.md', parent: 'team', mimeType: 'text/markdown', text: LAMPS })

  await comeIn(page, world.url, world.acme.person)
  await page.goto(`${world.url}/data`)
  await page.getByRole('button', { name: 'Add Data Source' }).first().click()
  await page.getByRole('button', { name: 'Google Drive', exact: true }).click()
  await expect(page.getByText('https://www.googleapis.com/auth/drive.readonly')).toBeVisible()
  await inspect(page, 'connect')

  await leaveFor(page, world.url, 'Google Drive', 'Our Drive')
  await consent(page)
  driveId = await landOn(page, 'Connected')
  await expect(page.getByText(ADA)).toBeVisible()
  await tick(page, 'My Drive', 'Team')
  await inspect(page, 'picker')
  await page.getByRole('button', { name: 'Index these' }).click()
  await upToDate(page, 5)
  await inspect(page, 'connected')
  await expect(page.getByRole('link', { name: 'Returns', exact: true })).toHaveAttribute(
    'href',
    'https://docs.google.example/document/d/returns/edit',
  )
  await expect(page.getByText('Not chosen')).toBeHidden()

  await expectFollowed(page, driveId, {
    title: /^Returns$/,
    url: /^https:\/\/docs\.google\.example\//,
    documents: 4,
    change: () => {
      control.putFile({ id: 'returns', name: 'Returns', parent: 'deep', text: CHANGED })
      control.remove('lamps')
    },
  })
})

test('Slack: a channel on the second page, threads, days; a provider that is asked too often is waited for', async ({
  page,
}) => {
  const { control } = world.slack
  for (const name of ['general', 'random', 'support']) control.addChannel(`C${name.toUpperCase()}`, name)
  const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const question = control.post('CSUPPORT', at(3), 'A customer asks about chairs.')
  const answer = control.post('CSUPPORT', at(3), RETURNS, { thread: question, user: 'UGRACE' })
  const lamps = control.post('CSUPPORT', at(2), LAMPS)
  for (const days of [1, 4, 5]) control.post('CSUPPORT', at(days), `Nothing happened ${days} days ago.`)
  control.post('CGENERAL', at(1), 'Nobody chose this.')
  control.fail({ on: 'GET /api/conversations.history', status: 429, retryAfter: '1', times: 1 })

  await comeIn(page, world.url, world.acme.person)
  const id = await connect(page, 'Slack', ['#support'], 5)
  control.heal()
  await expect(page.getByText('Nobody chose this')).toBeHidden()
  await expectFollowed(page, id, {
    title: /^#support /,
    url: /^https:\/\/example\.slack\.example\/archives\/CSUPPORT\//,
    documents: 4,
    change: () => {
      control.edit('CSUPPORT', answer, CHANGED)
      control.erase('CSUPPORT', lamps)
    },
  })
})

test('Notion: pages below pages, in blocks; an edit and a deletion are in the answers', async ({ page }) => {
  const { control } = world.notion
  const [handbook, returns, lamps] = [notionId(1), notionId(2), notionId(3)]
  control.putPage({ id: handbook, title: 'Handbook', blocks: ['How we work.'] })
  control.putPage({ id: returns, title: 'Returns', parent: { page_id: handbook }, blocks: [RETURNS] })
  control.putPage({ id: lamps, title: 'Lamps', parent: { page_id: returns }, blocks: [LAMPS] })
  for (const number of [7, 8, 9]) {
    control.putPage({ id: notionId(number), title: `Diary ${number}`, blocks: ['Nobody chose this.'] })
  }

  await comeIn(page, world.url, world.acme.person)
  const id = await connect(page, 'Notion', ['Handbook'], 3)
  await expectFollowed(page, id, {
    title: /^Returns$/,
    url: /^https:\/\/www\.notion\.example\//,
    documents: 2,
    change: () => {
      control.trash(lamps)
      control.putPage({ id: returns, title: 'Returns', blocks: [CHANGED] })
    },
  })
})

test('Microsoft 365: a site’s library, folders in folders; disconnecting says where a person can revoke', async ({
  page,
}) => {
  const { control } = world.microsoft
  control.addSite('site-1', 'Intranet')
  control.addDrive('library', 'Documents', 'site-1')
  const drive = 'library'
  control.putFolder({ id: 'policies', name: 'Policies', drive })
  control.putFolder({ id: 'shop', name: 'Shop', drive, parent: 'policies' })
  control.putItem({ id: 'returns', name: 'Returns.md', drive, parent: 'shop', text: RETURNS })
  control.putItem({ id: 'lamps', name: 'Lamps.txt', drive, parent: 'policies', text: LAMPS })
  control.putItem({ id: 'hours', name: 'Hours.txt', drive, parent: 'policies', text: 'Open from nine.' })

  await comeIn(page, world.url, world.acme.person)
  const id = await connect(page, 'Microsoft 365', ['Intranet', 'Documents', 'Policies'], 3)
  await expectFollowed(page, id, {
    title: /^Returns\.md$/,
    url: /^https:\/\/example\.sharepoint\.example\//,
    documents: 2,
    change: () => {
      control.putItem({ id: 'returns', name: 'Returns.md', drive, parent: 'shop', text: CHANGED })
      control.remove('lamps')
    },
  })
  await disconnect(page)
  await expect(page.getByText('has no way for an app to revoke')).toBeVisible()
  await expect(page.getByRole('link', { name: 'Remove Twig there' })).toHaveAttribute('href', /^https:\/\//)
})

test('who denies, or allows less than is needed, is told so, and nothing is connected', async ({ page }) => {
  await comeIn(page, world.url, world.acme.person)
  await leaveFor(page, world.url, 'Slack', 'Denied')
  await consent(page, { deny: true })
  await expect(page.getByRole('heading', { name: 'Not connected' })).toBeVisible()

  await leaveFor(page, world.url, 'Google Drive', 'Partial')
  await consent(page, { without: 'https://www.googleapis.com/auth/drive.readonly' })
  await expect(page.getByRole('heading', { name: 'Not everything was allowed' })).toBeVisible()
  await expect(page.getByText('https://www.googleapis.com/auth/drive.readonly')).toBeVisible()
  await page.goto(`${world.url}/data`)
  await expect(page.getByRole('table', { name: 'Data sources' })).toBeVisible()
  await expect(page.getByRole('row').filter({ hasText: /Denied|Partial/ })).toHaveCount(0)
})

test('an ended token is renewed unseen; a provider that is away is Retrying, and well again once it answers', async ({
  page,
}) => {
  const { control } = world.google
  await comeIn(page, world.url, world.acme.person)
  await page.goto(`${world.url}/data/${driveId}`)
  control.giveTokens({ rotates: true })
  control.forgetCalls()
  for (const renewals of [1, 2]) {
    control.expireAccessTokens()
    await syncNow(page, 4)
    expect(control.count('POST /token')).toBe(renewals)
  }
  expect(control.reuses()).toBe(0)

  control.fail({ on: 'GET /drive/', status: 503 })
  await page.getByRole('button', { name: 'Sync now' }).click()
  await expectStatus(page, 'Retrying')
  await expect(page.getByText('Google Drive does not answer', { exact: true })).toBeVisible()
  await inspect(page, 'retrying')
  control.heal()
  await syncNow(page, 4)
  await expectStatus(page, 'Connected')
  await expect(page.getByText('Google Drive does not answer')).toBeHidden()
})

test('a withdrawn permission is Connection failed, with its cause and what depends on it; only the same account reconnects', async ({
  page,
}) => {
  world.google.control.revokeAccount(ADA)
  await comeIn(page, world.url, world.acme.person)
  await page.goto(`${world.url}/data/${driveId}`)
  await page.getByRole('button', { name: 'Sync now' }).click()
  await expectStatus(page, 'Connection failed')
  await expect(page.getByText('invalid_grant')).toBeVisible()
  await expect(page.getByText('Affected agent: Support.')).toBeVisible()
  await expect(page.getByRole('link', { name: 'Returns', exact: true })).toBeVisible()
  await inspect(page, 'connection failed')

  await page.getByRole('button', { name: 'Reconnect' }).click()
  await consent(page, { account: GRACE })
  await expect(page.getByRole('heading', { name: 'That is another account' })).toBeVisible()
  await page.getByRole('link', { name: 'Back to the data source' }).click()
  await page.getByRole('button', { name: 'Reconnect' }).click()
  await consent(page, { account: ADA })
  expect(await landOn(page, 'Connected')).toBe(driveId)
  await syncNow(page, 4)
})

test('two organizations on one account do not touch each other; the receipt says what the provider answered, and that it is asked again', async ({
  page,
  browser,
}) => {
  await comeIn(page, world.url, world.rival.person)
  await connect(page, 'Google Drive', ['My Drive', 'Team'], 4)
  const other = await browser.newPage()
  await comeIn(other, world.url, world.acme.person)
  await other.goto(`${world.url}/data/${driveId}?tab=settings`)
  await inspect(other, 'settings')
  await disconnect(other, () => inspect(other, 'disconnect'))
  await expect(other.getByText('The same account is connected elsewhere on this Twig')).toBeVisible()
  await inspect(other, 'receipt')
  await other.close()

  await syncNow(page, 4)
  world.google.control.fail({ on: 'POST /revoke', status: 503, times: 1 })
  await disconnect(page)
  await expect(page.getByText('not revoked yet')).toBeVisible()
  await expect(page.getByText(/At Google Drive: revoked/)).toBeVisible({ timeout: 40_000 })
  expect(world.google.control.liveGrants(ADA)).toBe(0)
})

test('a viewer sees connected sources and is offered no change', async ({ page }) => {
  await comeIn(page, world.url, world.acme.viewer)
  await page.goto(`${world.url}/data`)
  await expect(page.getByRole('row').filter({ hasText: 'Our Slack' })).toContainText('Connected')
  await expect(page.getByRole('row').filter({ hasText: 'Our Drive' })).toContainText(ADA)
  await inspect(page, 'list')
  await page.getByRole('link', { name: 'Our Slack' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Our Slack' })).toBeVisible()
  await expect(page.getByRole('button', { name: /Sync now|Reconnect|Index|Actions for/ })).toHaveCount(0)
  await page.getByRole('tab', { name: 'Settings' }).click()
  await expect(page.getByText('Your role may read data sources')).toBeVisible()
  await expect(page.getByRole('button', { name: /Disconnect|Save|Delete/ })).toHaveCount(0)
})
