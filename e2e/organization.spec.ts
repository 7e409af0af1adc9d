import { inspect } from './accessible'
import { setRole, sql } from './database'
import { expect, generateKey, PASSWORD, sessionCookie, signUp, somebody, test } from './fixtures'

test('somebody is invited, made an admin, and removed: their session ends, and the keys that were chosen die', async ({
  page,
  person,
  browser,
  api,
  complaints,
}) => {
  test.setTimeout(180_000)
  const grace = somebody()
  await page.goto('/settings/members')
  await page.getByRole('button', { name: 'Invite', exact: true }).click()
  await page.getByLabel('Email', { exact: true }).fill(grace.email)
  await page.getByRole('radio', { name: 'Member', exact: true }).check()
  await page.getByRole('button', { name: 'Send invitation' }).click()
  const link = await page.getByLabel('Invitation link').inputValue()
  await page.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByRole('row', { name: grace.email })).toBeVisible()

  const theirs = await (await browser.newContext()).newPage()
  await theirs.goto(link)
  await theirs.getByLabel('Name', { exact: true }).fill(grace.name)
  await theirs.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await theirs.getByRole('button', { name: /Join|Accept/ }).click()
  await theirs.waitForURL('**/agents')
  const key = await generateKey(theirs, { name: 'Theirs', scopes: ['Read'] })
  const call = () => api.get('/api/v1/agents', { headers: { Authorization: `Bearer ${key}` } })
  expect((await call()).status()).toBe(200)

  await sql(
    `with person as (select u.id, m.organization_id from users u join memberships m on m.user_id = u.id where u.email = $1),
      source as (
        insert into data_sources (id, organization_id, environment, name, kind, status, updated_at)
        select 'ds_' || id, organization_id, 'live', 'Handbook', 'google_drive', 'connected', now() from person returning id)
    insert into connections (id, organization_id, data_source_id, provider, state, account_id, account_name,
      requested_scopes, granted_scopes, connected_by_id, connected_at)
    select 'conn_' || person.id, organization_id, source.id, 'google_drive', 'connected', person.id, $1, '{}', '{}',
      person.id, now() from person, source`,
    [grace.email],
  )
  await page.reload()
  const row = page.getByRole('row').filter({ hasText: grace.email })
  await row.getByRole('button', { name: `Actions for ${grace.name}` }).click()
  await page.getByRole('menuitem', { name: 'Change role' }).click()
  await page.getByRole('radio', { name: 'Admin', exact: true }).check()
  await page.getByRole('button', { name: 'Change role' }).click()
  await expect(row.getByText('Admin', { exact: true })).toBeVisible()

  await row.getByRole('button', { name: `Actions for ${grace.name}` }).click()
  await page.getByRole('menuitem', { name: 'Remove' }).click()
  await expect(page.getByText('One API key that they made')).toBeVisible()
  await expect(page.getByText('One data source connected with their account')).toBeVisible()
  await expect(page.getByText(`Google Drive, ${grace.email}`)).toBeVisible()
  await inspect(page, 'removing a member')
  await page.getByRole('radio', { name: 'Disconnect', exact: true }).check()
  await page.getByRole('radio', { name: 'Revoke', exact: true }).check()
  await page.getByLabel(`Type ${grace.name} to confirm`).fill(grace.name)
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await expect(page.getByText(`${grace.name} removed`)).toBeVisible()
  await expect(page.getByText('one key revoked, one data source disconnected')).toBeVisible()
  await expect(row).toHaveCount(0)
  expect((await call()).status()).toBe(401)
  await theirs.goto('/agents')
  await expect(theirs.getByText('no longer a member of that organization')).toBeVisible()
  expect(person.email).toContain('@')
  expect(complaints).toEqual([])
})

test('the organization is renamed, its sessions are shortened, and it is deleted after its name was typed', async ({
  page,
  person,
  api,
  complaints,
}) => {
  test.setTimeout(180_000)
  const key = await generateKey(page, { name: 'CI', scopes: ['Read'] })
  const call = () => api.get('/api/v1/agents', { headers: { Authorization: `Bearer ${key}` } })
  expect((await call()).status()).toBe(200)

  await page.goto('/settings/organization')
  await inspect(page, 'organization')
  const name = `Acme ${person.name}`
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Slug', { exact: true }).fill('Not A Slug')
  await page.getByRole('button', { name: 'Save' }).first().click()
  await expect(page.getByText('A slug is 1 to 48 lower-case letters')).toBeVisible()
  const slug = `acme-${person.email.split('.')[1]?.slice(0, 12)}`
  await page.getByLabel('Slug', { exact: true }).fill(slug)
  await page.getByRole('button', { name: 'Save' }).first().click()
  await expect(page.getByText('Saved')).toBeVisible()
  await expect(page.getByText('Custom rate limits', { exact: true })).toBeVisible()

  await page.getByLabel('Sign out when not used for').click()
  await page.getByRole('option', { name: '15 minutes' }).click()
  await page.getByRole('button', { name: 'Save' }).nth(1).click()
  await expect
    .poll(
      async () =>
        (await sql('select session_idle_minutes from organizations where slug = $1', [slug])).rows[0],
    )
    .toEqual({ session_idle_minutes: 15 })

  await page.getByLabel('Keep the audit log for').click()
  await page.getByRole('option', { name: '90 days' }).click()
  await page.getByRole('button', { name: 'Save' }).nth(3).click()
  await inspect(page, 'keeping the audit log shorter')
  await page.getByLabel('Type 90 days to confirm').fill('90 days')
  await page.getByRole('button', { name: 'Delete and keep shorter' }).click()
  await expect
    .poll(
      async () =>
        (await sql('select audit_retention_days from organizations where slug = $1', [slug])).rows[0],
    )
    .toEqual({ audit_retention_days: 90 })

  await page.getByRole('button', { name: 'Delete organization' }).click()
  const confirm = page.getByRole('alertdialog').getByRole('button', { name: 'Delete organization' })
  await expect(confirm).toBeDisabled()
  await inspect(page, 'deleting the organization')
  await page.getByLabel(`Type ${name} to confirm`).fill(name)
  await confirm.click()
  await expect(page.getByText('You were signed out because the organization was deleted.')).toBeVisible()
  expect((await call()).status()).toBe(401)
  expect(complaints).toEqual([])
})

test('a session that was not used for as long as the organization allows is over, and the login page says why', async ({
  page,
  person,
}) => {
  const where = 'user_id in (select id from users where email = $1)'
  await sql(
    `update organizations set session_idle_minutes = 15 where id in (select organization_id from memberships where ${where})`,
    [person.email],
  )
  await page.goto('/account')
  await expect(page.getByRole('heading', { name: 'Account' })).toBeVisible()
  await sql(`update sessions set last_seen_at = now() - interval '16 minutes' where ${where}`, [person.email])
  await page.goto('/account')
  await expect(page.getByText('as long as your organization allows')).toBeVisible()
  // The cookie that the gate renewed on the way is dead as well.
  await page.goto('/agents')
  await expect(page).toHaveURL(/\/login/)
})

test('whoever leaves goes on in their other organization, as their cookie says too; nobody is blocked there', async ({
  page,
  person,
  browser,
}) => {
  const elsewhere = await browser.newContext()
  const host = somebody()
  await signUp(await elsewhere.newPage(), host)
  await elsewhere.close()
  await setRole(person, 'admin')
  const placeOf =
    'select organization_id as id from memberships join users on users.id = user_id where email = $1'
  const { rows } = await sql(placeOf, [host.email])
  await sql(
    `insert into memberships (organization_id, user_id, role) select $2, id, 'member' from users where email = $1`,
    [person.email, rows[0].id],
  )
  await page.goto('/settings/members')
  await page.getByRole('button', { name: 'Leave' }).click()
  const dialog = page.getByRole('alertdialog')
  await expect(dialog.getByText('or goes on in another organization of yours')).toBeVisible()
  await dialog.getByRole('button', { name: 'Leave' }).click()
  await page.waitForURL('**/agents')
  await expect(page.getByRole('heading', { name: 'Agents' })).toBeVisible()
  const token = (await sessionCookie(page.context()))?.value.split('.')[1] ?? ''
  expect(JSON.parse(Buffer.from(token, 'base64url').toString())).toMatchObject({ org: rows[0].id })

  await page.goto('/blocked')
  await page.getByRole('button', { name: /^Go to / }).click()
  await page.waitForURL('**/agents')
})
