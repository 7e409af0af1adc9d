import type { Page } from '@playwright/test'
import { webPolicy } from '../lib/core/policy'
import { ssoProviders } from '../lib/core/sso-schemas'
import { inspect } from './accessible'
import { bearer, expect, generateKey, test } from './fixtures'

const TOKEN = '0'.repeat(32)

/** Pages that anybody sees; the tokens are nobody's. */
const OPEN = [
  '/login?code=session_expired&reason=expired&next=/account',
  '/sso?email=ada@example.com',
  '/signup',
  '/signup?mailed=microsoft',
  `/signup/${TOKEN}`,
  '/reset',
  `/reset/${TOKEN}`,
  `/invite/${TOKEN}`,
  '/auth/error?code=sso_invalid_assertion&ref=ref_1',
  '/auth/error?code=account_not_linked&ref=ref_1',
  '/docs/errors',
  '/docs/outages',
  '/docs/api',
  '/docs/sso',
  ...ssoProviders.map((provider) => `/docs/sso/${provider}`),
]
const CONSOLE = [
  '/agents',
  '/agents?environment=test',
  '/data',
  '/data?environment=test',
  '/data/connect?code=other_account&provider=slack&source=ds_1&ref=req_1',
  '/interactions',
  '/interactions?environment=test',
  '/settings/api-keys',
  '/settings/external-keys',
  '/settings/members',
  '/settings/organization',
  '/settings/authentication',
  '/settings/security',
  '/settings/security/access-logs',
  '/settings/audit-log',
  '/settings/requests',
  '/settings/requests?id=req_never',
  '/settings/health',
  '/account',
]

/** Looks at a page once all that it asks for has come. */
async function inspectAll(page: Page, what: string): Promise<void> {
  await page.waitForLoadState('networkidle')
  await inspect(page, what)
}

test('every page of the policy is walked here', () => {
  const walked = new Set([...OPEN, ...CONSOLE].map((path) => path.split('?')[0]?.replace(TOKEN, '{token}')))
  const elsewhere = [
    ...['/', '/not-found', '/icon.svg', '/healthz', '/readyz'],
    ...['/agents/{id}', '/settings/api-keys/{id}', '/settings/api-keys/{id}/usage.csv'],
    ...['/data/{id}', '/data/{id}/browse', '/data/{id}/upload', '/agents/{id}/chat'],
    ...['/interactions/{id}', '/interactions.csv', '/settings/external-keys/{id}/models'],
    ...['/docs/sso/{idp}', '/sso/continue', '/settings/audit-log.csv', '/settings/audit-log.jsonl'],
    ...['/settings/security/access-logs.csv', '/blocked'],
  ]
  const pages = webPolicy.map(({ pattern }) => pattern).filter((pattern) => !pattern.startsWith('/api/'))
  expect(pages.filter((pattern) => !walked.has(pattern) && !elsewhere.includes(pattern))).toEqual([])
})

for (const path of OPEN) {
  test(`${path}: accessible, both themes, both sizes, a clean browser console`, async ({
    page,
    complaints,
  }) => {
    await page.goto(path)
    await inspectAll(page, path)
    expect(complaints.filter((text) => !/40[34] \((?:Not Found|Forbidden)\)/.test(text))).toEqual([])
  })
}

test('a page that does not exist says so, signed out and signed in', async ({ page }) => {
  test.setTimeout(120_000)
  const answer = await page.goto('/nothing/here')
  expect(answer?.status()).toBe(404)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await inspectAll(page, '404')
})

test('console pages, empty: accessible, both themes, both sizes, a clean browser console', async ({
  page,
  person,
  complaints,
}) => {
  test.setTimeout(300_000)
  expect(person.email).toContain('@')
  for (const path of CONSOLE) {
    await page.goto(path)
    await inspectAll(page, `${path} empty`)
  }
  expect(complaints).toEqual([])
})

test('console pages, full: accessible, both themes, both sizes, a clean browser console', async ({
  page,
  person,
  api,
  complaints,
}) => {
  test.setTimeout(480_000)
  expect(person.email).toContain('@')
  const long =
    'A name that is as long as a name may be, to see that nothing breaks when it must wrap somewhere'
  const key = await generateKey(page, { name: long, scopes: ['Read', 'Write', 'Execute', 'Admin'] })
  const testKey = await generateKey(page, { name: 'Test', scopes: ['Write'], environment: 'Test' })
  const ids: string[] = []
  for (const name of [long, 'Support', 'Sales', 'Onboarding']) {
    const made = await api.post('/api/v1/agents', {
      ...bearer(key),
      data: { name, instructions: long.repeat(20) },
    })
    ids.push((await made.json()).id)
  }
  await api.post('/api/test/v1/agents', { ...bearer(testKey), data: { name: 'Draft' } })
  const asked = { agent_id: ids[0], query: long.repeat(3) }
  const { id: turn } = await (await api.post('/api/v1/query', { ...bearer(key), data: asked })).json()
  const tabs = ['configuration', 'playground', 'api', 'interactions'].map(
    (tab) => `/agents/${ids[0]}?tab=${tab}`,
  )
  for (const path of [...CONSOLE, ...tabs, `/interactions/${turn}`, '/interactions?text=nothing-like-that']) {
    await page.goto(path)
    await inspectAll(page, `${path} full`)
  }
  expect(complaints).toEqual([])
})

/** Every tab and every dialog of a key's page, as it is now. */
async function inspectKey(page: Page, path: string, what: string): Promise<void> {
  for (const tab of ['overview', 'usage', 'settings']) {
    await page.goto(`${path}?tab=${tab}`)
    await expect(page.getByRole('tab', { selected: true })).toHaveText(new RegExp(tab, 'i'))
    await inspectAll(page, `${what}: ${tab}`)
  }
}

test('a key’s page, unused, used and ended: accessible, both themes, both sizes, a clean browser console', async ({
  page,
  person,
  api,
  complaints,
}) => {
  test.setTimeout(360_000)
  expect(person.email).toContain('@')
  const key = await generateKey(page, {
    name: 'A name that is as long as a name may be, to see that nothing breaks when it must wrap somewhere',
    scopes: ['Read', 'Write', 'Execute', 'Admin'],
  })
  const path = `/settings/api-keys/key_${key.slice('twigsk_live_'.length).slice(0, 12)}`
  await inspectKey(page, path, 'unused')

  for (const at of ['whoami', 'agents', 'agents/agent_0', 'nothing'])
    await api.get(`/api/v1/${at}`, bearer(key))
  await api.get('/api/test/v1/agents', bearer(key))
  await expect(async () => {
    await page.goto(`${path}?tab=usage&period=1h`)
    await expect(page.getByText('wrong_environment').first()).toBeVisible({ timeout: 1_000 })
  }).toPass()
  await page.getByText('Show as a table').click()
  await page.getByRole('slider').focus()
  await page.keyboard.press('ArrowLeft')
  await inspectAll(page, 'chart open')
  await inspectKey(page, path, 'used')

  await page.getByRole('button', { name: 'Rotate' }).click()
  await inspectAll(page, 'rotate')
  await page.getByRole('radio', { name: '1 hour' }).check()
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
  await page.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByText(/still use this key/)).toBeVisible()
  await inspectKey(page, path, 'ending')

  await page.getByRole('button', { name: 'Disable' }).click()
  await expect(page.getByText('This key is disabled')).toBeVisible()
  // Without the toast, which lies over the button for as long as there is Undo.
  await page.reload()
  await page.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText(/^Used .* today by 1 caller/)).toBeVisible()
  await inspectAll(page, 'disabled, delete')
  expect(complaints).toEqual([])
})

test('forms that fail say which field and why, keep what was typed, and stay accessible', async ({
  page,
  person,
}) => {
  test.setTimeout(180_000)
  expect(person.email).toContain('@')
  await page.goto('/settings/api-keys')
  await page.getByRole('button', { name: 'Generate New Key' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Kept')
  await page.getByRole('button', { name: 'Generate', exact: true }).click()
  await expect(page.getByText('Choose at least one scope').first()).toBeVisible()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Kept')
  await inspectAll(page, 'generate key failing')

  await page.goto('/agents')
  await page.getByRole('button', { name: 'Create agent' }).click()
  await page.getByLabel('Name', { exact: true }).fill(' ')
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page.getByText('Name is required').first()).toBeVisible()
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue(' ')
  await inspectAll(page, 'create agent failing')

  await page.route('**/agents', (route) =>
    route.request().method() === 'POST' ? route.abort() : route.fallback(),
  )
  await page.getByLabel('Name', { exact: true }).fill('Support')
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(page.getByText(/did not answer/)).toBeVisible()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Support')
  await inspectAll(page, 'create agent without an answer')
})

test('the dialog that shows a key once is accessible, and only its button closes it', async ({
  page,
  person,
}) => {
  test.setTimeout(120_000)
  expect(person.email).toContain('@')
  await page.goto('/settings/api-keys')
  await page.getByRole('button', { name: 'Generate New Key' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Shown once')
  await page.getByRole('checkbox', { name: 'Execute' }).check()
  await page.getByRole('button', { name: 'Generate', exact: true }).click()
  const secret = page.getByLabel('API key', { exact: true })
  await expect(secret).toHaveValue(/^twigsk_live_/)
  await expect(page.getByText(/export TWIG_API_KEY=twigsk_live_/)).toBeVisible()
  await inspectAll(page, 'new key')
  await page.keyboard.press('Escape')
  await expect(secret).toBeVisible()
  await page.getByRole('button', { name: 'Done' }).click()
  await expect(secret).toBeHidden()
  await expect(page.getByText('Shown once')).toBeVisible()
})
