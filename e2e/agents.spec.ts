import { type ModelServer, startModelServer } from '../lib/store/testing/model-server'
import { inspect } from './accessible'
import { ask, createAgent, make, plantSource, turnOf } from './agent-pages'
import { setRole } from './database'
import { expect, generateKey, signUp, somebody, test } from './fixtures'
import { startTwig } from './servers'

let server: ModelServer
test.beforeAll(async () => {
  server = await startModelServer({ slowMs: 300 })
})
test.beforeEach(() => {
  server.behave('ok')
  server.calls.length = 0
})
test.afterAll(() => server.close())
test.describe.configure({ mode: 'serial' })

const REJECTED = 'The endpoint rejects the key of this agent'

test('without any provider an agent quotes its sources, says so, and says what to configure for more', async ({
  page,
  person,
  api,
  complaints,
}) => {
  test.setTimeout(240_000)
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Admin', scopes: ['Admin'] })
  await plantSource(api, key, 'Handbook')
  const id = await createAgent(page, 'Support')
  await expect(page.getByRole('tab', { selected: true })).toHaveText('Configuration')
  await expect(page.getByLabel('Model', { exact: true })).toContainText('Use my OpenAI key (no key yet)')
  await inspect(page, 'new agent')
  await page.getByLabel('Instructions').fill('Answer briefly.')
  await page.getByRole('checkbox', { name: 'Handbook' }).check()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved')).toBeVisible()

  await page.getByRole('tab', { name: 'Playground' }).click()
  await expect(page.getByText('This agent quotes its sources word for word')).toBeVisible()
  await page.getByLabel('Message').fill('How long is the link')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('to reset a password valid?')
  await expect(page.getByLabel('Message')).toHaveValue('How long is the link\nto reset a password valid?')
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('Message')).toHaveValue('')
  const turn = turnOf(page, 'How long is the link')
  await expect(turn).toContainText('The link to reset a password is valid for one hour.')
  await expect(turn.getByRole('list', { name: 'Sources' })).toContainText(/Shop rules.*\d+ % similar/)
  await expect(turn.getByRole('link', { name: /Shop rules/ })).toHaveAttribute(
    'href',
    /example.com\/handbook/,
  )
  await expect(turn).toContainText('twig-extractive')
  await expect(turn).toContainText('Billed to Twig')
  await expect(turn).toContainText(/\d+ ms/)
  await expect(turn).toContainText('0 tokens in, 0 out')
  await expect(page.locator('output[aria-live="polite"]').filter({ hasText: 'one hour' })).toBeAttached()
  await expect(page.getByLabel('Message')).toBeFocused()
  await expect(page.locator('pre').filter({ hasText: 'curl -N' })).toContainText(`"agent_id":"${id}"`)
  await inspect(page, 'quoted answer')

  await ask(page, 'Who pays for the parcel?')
  await expect(turnOf(page, 'Who pays')).toContainText('The buyer pays for the parcel.')
  await page.getByRole('tab', { name: 'API' }).click()
  await expect(page.locator('pre').filter({ hasText: '/api/v1/query' }).first()).toContainText(id)
  await inspect(page, 'api')
  await page.getByRole('tab', { name: 'Playground' }).click()
  await expect(turnOf(page, 'Who pays')).toBeVisible()
  await page.getByRole('button', { name: 'New conversation' }).click()
  await expect(page.getByRole('article')).toHaveCount(0)
  await page.getByRole('tab', { name: 'Interactions' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'Who pays' })).toContainText('Succeeded')
  await inspect(page, 'agent’s interactions')

  await page.goto('/agents')
  const row = page.getByRole('row').filter({ hasText: 'Support' })
  await expect(row).toContainText('Handbook')
  await expect(row).toContainText('just now')
  await inspect(page, 'agents')
  await row.getByRole('link', { name: 'Support' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  const confirm = page.getByRole('alertdialog').getByRole('button', { name: 'Delete' })
  await expect(confirm).toBeDisabled()
  await page.getByLabel(/to confirm/).fill('Support')
  await confirm.click()
  await expect(page.getByText('No Live agents yet')).toBeVisible()
  expect(complaints).toEqual([])
})

test('a form that is refused names each field and why, and keeps what was typed', async ({
  page,
  person,
}) => {
  test.setTimeout(120_000)
  expect(person.email).toContain('@')
  await createAgent(page, 'Support')
  await page.getByLabel('Name', { exact: true }).fill('')
  await page.getByLabel('Temperature').fill('7')
  await page.getByLabel('Max tokens').fill('many')
  await page.getByLabel('Model', { exact: true }).selectOption('openai_key')
  await expect(page.getByText('Your organization has no OpenAI key yet')).toBeVisible()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Name is required')).toBeVisible()
  await expect(page.getByText('Temperature is a number from 0 to 2')).toBeVisible()
  await expect(page.getByText('Max tokens is a whole number')).toBeVisible()
  await expect(page.getByLabel('Name', { exact: true })).toBeFocused()
  await expect(page.getByLabel('Max tokens')).toHaveValue('many')
  await inspect(page, 'refused')
  await page.getByLabel('Name', { exact: true }).fill('Support')
  await page.getByLabel('Temperature').fill('0.2')
  await page.getByLabel('Max tokens').fill('')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText(/your organization has no OpenAI key/)).toBeVisible()
  await expect(page.getByLabel('Model', { exact: true })).toBeFocused()
  await page.getByLabel('Model', { exact: true }).selectOption({ index: 0 })
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved')).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Temperature')).toHaveValue('0.2')
})

test('with a key of its own: streamed and billed to the organization, stopped half-way, and honest when the key fails', async ({
  page,
  person,
  api,
  complaints,
}) => {
  test.setTimeout(240_000)
  expect(person.email).toContain('@')
  const admin = await generateKey(page, { name: 'Admin', scopes: ['Admin'] })
  const endpoint = `${server.url}/v1`
  const key = { provider: 'custom', endpoint, api_key: 'sk-agents-0123456789', name: 'Own server' }
  await make(api, admin, '/external-keys', key)
  const id = await createAgent(page, 'Own model')
  await page.getByLabel('Model', { exact: true }).selectOption({ label: 'Use my custom model' })
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('a custom model needs its name')).toBeVisible()
  server.behave('slow', 'models')
  const name = page.getByRole('combobox', { name: 'Model name' })
  await name.click()
  await expect(page.getByText('Asking the endpoint for its models…')).toBeVisible()
  await expect(page.getByText(/2 listed by the endpoint/)).toBeVisible()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await inspect(page, 'model names')
  await page.keyboard.press('Enter')
  await expect(name).toHaveValue('gpt-stand-in-mini')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved')).toBeVisible()

  await page.getByRole('tab', { name: 'Playground' }).click()
  await expect(page.getByText('gpt-stand-in-mini with your custom endpoint, billed to you')).toBeVisible()
  server.behave('slow')
  await ask(page, 'One two three?')
  const first = turnOf(page, 'One two three?')
  await expect(first).toContainText('You asked: One')
  await expect(first.getByText('Writing')).toBeVisible()
  await expect(first).toContainText('You asked: One two three?')
  await expect(first).toContainText('Billed to your organization')

  server.behave('endless', 'answers')
  await ask(page, 'Without end?')
  const endless = turnOf(page, 'Without end?')
  await expect(endless).toContainText('You asked: Without end?')
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(endless).toContainText('Stopped here.')
  await expect(page.getByLabel('Message')).toBeFocused()
  await expect(() => expect(server.calls.at(-1)?.abandoned).toBe(true)).toPass()

  server.behave('rejected')
  await ask(page, 'And now?')
  const failed = turnOf(page, 'And now?')
  await expect(failed).toContainText('external_key_rejected')
  await expect(failed.getByRole('link', { name: 'Replace the key' })).toHaveAttribute(
    'href',
    '/settings/external-keys',
  )
  await expect(page.getByText(REJECTED)).toBeVisible()
  await inspect(page, 'rejected')
  server.behave('ok')
  await failed.getByRole('button', { name: 'Try again' }).click()
  await expect(turnOf(page, 'And now?')).toContainText('You asked: And now?')
  await expect(page.getByText(REJECTED)).toBeHidden()
  await page.goto('/interactions?status=failed')
  await expect(page.getByRole('row').filter({ hasText: 'And now?' })).toContainText('external_key_rejected')
  await page.goto(`/interactions?agent=${id}&status=cancelled`)
  await expect(page.getByRole('row').filter({ hasText: 'Without end?' })).toContainText('Cancelled')
  expect(complaints).toEqual([])
})

test('a viewer reads how an agent is set and is offered no change and no playground', async ({
  page,
  person,
  baseURL,
}) => {
  test.setTimeout(120_000)
  const id = await createAgent(page, 'Shared')
  await setRole(person, 'viewer')
  await page.goto('/agents')
  await expect(page.getByRole('row').filter({ hasText: 'Shared' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Create agent' })).toBeHidden()
  await page.goto(`/agents/${id}`)
  await expect(page.getByText('Your role may read agents')).toBeVisible()
  await expect(page.getByRole('button', { name: /^Save$|^Delete$/ })).toHaveCount(0)
  await expect(page.getByRole('textbox')).toHaveCount(0)
  await inspect(page, 'viewer')
  await page.getByRole('tab', { name: 'Playground' }).click()
  await expect(page.getByText('The playground needs the role member')).toBeVisible()
  const headers = { Origin: new URL(baseURL ?? '').origin }
  const refused = await page.request.post(`/agents/${id}/chat`, { data: { message: 'x' }, headers })
  expect([refused.status(), (await refused.json()).code]).toEqual([403, 'insufficient_role'])
  const models = await page.request.get('/settings/external-keys/ext_0/models')
  expect(models.status()).toBe(403)
  await page.goto('/interactions')
  await expect(page.getByRole('button', { name: 'Retention' })).toBeHidden()
})

test('a key that fails leaves Twig’s pool alone until the agent allows it, and then the answer says who is billed', async ({
  browser,
}) => {
  test.setTimeout(240_000)
  const POOL = 'sk-pool-agents-0123456789'
  const OWN = 'sk-own-agents-9876543210'
  const taken = [POOL, OWN]
  const openAi = await startModelServer({ keys: taken })
  const twig = await startTwig({ OPENAI_BASE_URL: `${openAi.url}/v1`, TWIG_OPENAI_API_KEY: POOL })
  const context = await browser.newContext({ baseURL: twig.url })
  try {
    const page = await context.newPage()
    const poolCalls = () => openAi.calls.filter(({ key, method }) => key === POOL && method === 'POST').length
    await signUp(page, somebody())
    await page.goto('/settings/external-keys')
    await page.getByRole('button', { name: 'Add Key' }).click()
    await page.getByLabel('API Key', { exact: true }).fill(OWN)
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('OpenAI added')).toBeVisible()
    await createAgent(page, 'Own OpenAI')
    await page.getByLabel('Model', { exact: true }).selectOption({ label: 'Use my OpenAI key' })
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('Saved')).toBeVisible()
    await page.getByRole('tab', { name: 'Playground' }).click()
    await ask(page, 'Works?')
    await expect(turnOf(page, 'Works?')).toContainText('Billed to your organization')
    taken.splice(taken.indexOf(OWN), 1)
    let goOn = () => {}
    const made = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const anew = page.waitForRequest(/agent_\w+\?tab=playground&_rsc=/)
    await page.route(/agent_\w+\?tab=playground&_rsc=/, async (route) => {
      await made
      await route.continue()
    })
    await ask(page, 'Fails?')
    await expect(turnOf(page, 'Fails?')).toContainText('external_key_rejected')
    expect(poolCalls()).toBe(0)
    await anew

    // The page is made anew meanwhile, for its warning about the key; whoever chose a tab does not wait for that.
    await page.getByRole('tab', { name: 'Configuration' }).click()
    await page.getByRole('switch', { name: 'Let Twig answer when this key fails' }).check()
    goOn()
    await expect(page.getByText('OpenAI rejects the key of this agent')).toBeVisible()
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('as this agent allows')).toBeVisible()
    await page.getByRole('tab', { name: 'Playground' }).click()
    await ask(page, 'Falls back?')
    const turn = turnOf(page, 'Falls back?')
    await expect(turn).toContainText('Billed to Twig')
    await expect(turn).toContainText('Twig’s pool answered, as this agent allows')
    expect(poolCalls()).toBe(1)
  } finally {
    await context.close()
    await twig.close()
    await openAi.close()
  }
})
