import { inspect } from './accessible'
import { makeEnterprise } from './authentication-pages'
import { sql } from './database'
import { bearer, expect, generateKey, someAddress, test } from './fixtures'

const PATH = '/settings/security'

test('below Enterprise the page says what the allowlist is and which plan it needs, and logs are there', async ({
  page,
  person,
}) => {
  expect(person.email).toContain('@')
  await page.goto('/agents')
  await page.getByRole('link', { name: 'Security', exact: true }).click()
  await expect(page.getByText('The IP allowlist needs the Enterprise plan')).toBeVisible()
  await inspect(page, 'below Enterprise')
  await page.getByRole('link', { name: 'Access Logs' }).click()
  await expect(page.getByText('No blocked attempts')).toBeVisible()
  await inspect(page, 'no blocked attempts')
})

test('an admin adds their own address in one click, confirms it, covers the web app, and who is elsewhere gets 403', async ({
  page,
  person,
  api,
  complaints,
}) => {
  test.setTimeout(180_000)
  const [inside, outside] = [someAddress(), someAddress()]
  const at = (address: string) => page.setExtraHTTPHeaders({ 'x-forwarded-for': address })
  await at(inside)
  await makeEnterprise(person)
  const key = await generateKey(page, { name: 'Reader', scopes: ['Read'] })
  const call = (address: string) =>
    api.get('/api/v1/agents', { headers: { ...bearer(key).headers, 'x-forwarded-for': address } })
  expect((await call(outside)).status()).toBe(200)

  await page.goto(PATH)
  await expect(page.getByText('No ranges yet')).toBeVisible()
  await inspect(page, 'empty')
  await page.getByRole('button', { name: 'Add range' }).click()
  const range = page.getByLabel('Range', { exact: true })
  await range.fill('010.0.0.1/8')
  await expect(page.getByText(/octal/)).toBeVisible()
  await range.fill('203.0.113.77/24')
  await expect(page.getByText('203.0.113.0/24: 256 addresses.')).toBeVisible()
  await expect(page.getByText(/would have blocked 1 of 1 request/)).toBeVisible()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(page.getByText('This would leave you outside')).toBeVisible()
  await inspect(page, 'would lock out')
  await page.getByRole('button', { name: `Use ${inside}/32` }).click()
  await page.getByLabel('Description').fill('Home')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await expect(page.getByText(`${inside}/32 added`)).toBeVisible()
  await expect(page.getByRole('row', { name: new RegExp(inside) })).toContainText('Home')

  const refused = await call(outside)
  expect([refused.status(), (await refused.json()).client_ip]).toEqual([403, outside])
  expect((await call(inside)).status()).toBe(200)

  await expect(page.getByText('The list is in force; keep it?')).toBeVisible()
  await inspect(page, 'unconfirmed')
  await page.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByText('The list is in force; keep it?')).toBeHidden()
  await page.getByRole('switch', { name: 'Cover the web app' }).click()
  await page.getByRole('button', { name: 'Switch on' }).click()
  await expect(page.getByText('The web app is covered; keep it?')).toBeVisible()
  await page.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByText('The web app is covered; keep it?')).toBeHidden()
  expect(complaints).toEqual([])

  await at(outside)
  const blocked = await page.goto('/agents')
  expect(blocked?.status()).toBe(403)
  await expect(page.getByRole('heading', { name: 'Your address is not allowed' })).toBeVisible()
  await expect(page.getByText(outside)).toBeVisible()
  await inspect(page, 'blocked')
  await at(inside)
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('heading', { name: 'Agents' })).toBeVisible()

  await expect(async () => {
    await page.goto(`${PATH}/access-logs`)
    // What the browser was fetching ahead when the address changed may stand there too.
    const rows = page.getByRole('row', { name: /Address not in the allowlist/ })
    for (const request of ['GET /agents', 'GET /api/v1/agents'])
      await expect(rows.filter({ has: page.getByText(request, { exact: true }) })).toHaveCount(1, {
        timeout: 1_000,
      })
  }).toPass()
  await expect(page.getByRole('link', { name: 'Reader' })).toBeVisible()
  await expect(page.getByRole('cell', { name: person.name }).first()).toBeVisible()
  await inspect(page, 'access logs')
  await page.getByLabel('Address', { exact: true }).fill('192.0.2.1')
  await page.getByRole('button', { name: 'Apply' }).click()
  await expect(page.getByText('Nothing fits these filters')).toBeVisible()
  await page.getByRole('link', { name: 'Clear' }).click()
  // The browser downloads without the headers of the test, and so without an address that the list holds.
  const link = await page.getByRole('link', { name: 'Download CSV' }).getAttribute('href')
  const file = await page.request.get(link ?? '', { headers: { 'x-forwarded-for': inside } })
  expect(file.headers()['content-disposition']).toMatch(/filename="access-logs-[\d-]+\.csv"/)
  expect(await file.text()).toContain(`,${outside},allowlist,`)
})

test('a live list shows what comes in within the last hour, says when it stops after ten minutes, and goes on when asked to', async ({
  page,
  person,
}) => {
  const mine =
    '(select organization_id from memberships join users on users.id = user_id where email = $1 limit 1)'
  const block = (id: string, path: string, age: string) =>
    sql(
      `insert into access_logs
         (slot, id, time, count, organization_id, reason, code, method, path, client_ip, user_agent, request_id)
       select (extract(epoch from at)::bigint / 86400) % 32, 'block_' || md5($1 || $2), at, 1204, ${mine},
         'revoked_key', 'revoked_api_key', 'GET', $3, '192.0.2.7', 'curl', 'req_1'
       from (select now() - $4::interval as at) as moment`,
      [person.email, id, path, age],
    )
  await block('old', '/v1/old', '2 hours')
  await page.clock.install()
  await page.goto(`${PATH}/access-logs`)
  await expect(page.getByRole('row', { name: /1,204/ })).toContainText('/v1/old')
  await page.getByRole('link', { name: 'Live', exact: true }).click()
  await page.waitForURL('**/access-logs?live=on')
  await expect(page.getByText('No blocked attempts in the last hour')).toBeVisible()
  await inspect(page, 'live')
  await block('new', '/v1/new', '1 minute')
  await page.clock.fastForward(2_000)
  await expect(page.getByRole('row', { name: /1,204/ })).toContainText('/v1/new')
  const status = page.getByRole('status').filter({ hasText: /Live:|Stopped:/ })
  await expect(status).toContainText('Live:')
  // Three hundred turns at once that make nothing anew: Twig does not answer.
  await page.route('**/readyz', (route) => route.abort())
  await page.clock.runFor('10:00')
  await expect(status).toContainText('Stopped:')
  await page.unroute('**/readyz')
  await block('later', '/v1/later', '0')
  await page.clock.runFor(10_000)
  await expect(page.getByText('/v1/later')).toBeHidden()
  await page.getByRole('button', { name: 'Go on' }).click()
  await expect(status).toContainText('Live:')
  await expect(page.getByRole('button', { name: 'Stop' })).toBeFocused()
  await page.clock.fastForward(2_000)
  await expect(page.getByRole('row', { name: /later/ })).toBeVisible()
  await inspect(page, 'live with rows')
})

test('where Redis has forgotten the list, the page layer keeps people out; they can go to another organization or log out', async ({
  page,
  person,
}) => {
  const [inside, outside] = [someAddress(), someAddress()]
  await page.setExtraHTTPHeaders({ 'x-forwarded-for': inside })
  const mine =
    '(select organization_id from memberships join users on users.id = user_id where email = $1 limit 1)'
  // Directly in the database: the gate's cache is told nothing.
  await sql(
    `insert into allowlist_ranges (id, organization_id, cidr, description) values ('range_' || md5($1), ${mine}, $2, '')`,
    [person.email, `${inside}/32`],
  )
  const covered =
    'allowlist_in_force = true, allowlist_covers_console = true, policy_version = policy_version + 1'
  await sql(`update organizations set ${covered} where id = ${mine}`, [person.email])
  await page.goto('/agents')
  await expect(page.getByRole('heading', { name: 'Agents' })).toBeVisible()
  await page.setExtraHTTPHeaders({ 'x-forwarded-for': outside })
  const answer = await page.goto('/agents')
  expect([answer?.status(), new URL(page.url()).pathname]).toEqual([403, '/blocked'])
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.waitForURL('**/login')
})
