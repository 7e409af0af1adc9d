import {
  bearer,
  dumpDatabase,
  dumpRedis,
  expect,
  generateKey,
  serverUnderTest,
  sessionCookie,
  test,
} from './fixtures'

test('a new person signs up, makes a key, calls the API with it, deletes it and logs out for good', async ({
  page,
  context,
  person,
  api,
  complaints,
}) => {
  expect(person.email).toContain('@')
  const key = await generateKey(page, { name: 'Production API', scopes: ['Read', 'Write'] })
  const secret = key.slice('twigsk_live_'.length + 12)

  await test.step('the secret is shown once and is nowhere afterwards', async () => {
    await expect(page.getByText('Production API')).toBeVisible()
    for (const path of ['/settings/api-keys', '/agents', '/account']) {
      const html = await (await page.request.get(path)).text()
      expect(html).not.toContain(secret.slice(0, 32))
      const flight = await (await page.request.get(path, { headers: { RSC: '1' } })).text()
      expect(flight).not.toContain(secret.slice(0, 32))
    }
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(
      secret,
    )
  })

  await test.step('the key creates and lists an agent', async () => {
    const created = await api.post('/api/v1/agents', { ...bearer(key), data: { name: 'Support' } })
    expect(created.status()).toBe(201)
    const agent = await created.json()
    expect(agent).toMatchObject({ name: 'Support', environment: 'live', model: { source: 'twig' } })
    const list = await api.get('/v1/agents', bearer(key))
    expect(list.status()).toBe(200)
    expect((await list.json()).data.map((each: { id: string }) => each.id)).toEqual([agent.id])
    expect(Number(list.headers()['x-ratelimit-limit'])).toBe(200)
    await page.goto('/agents')
    await expect(page.getByRole('link', { name: 'Support' })).toBeVisible()
    await page.getByRole('link', { name: 'Test', exact: true }).click()
    await expect(page.getByText('No Test agents yet')).toBeVisible()
  })

  await test.step('a Read-only key may not write, and is told which scope it lacks', async () => {
    const readOnly = await generateKey(page, { name: 'CI', scopes: ['Read'] })
    const refused = await api.post('/api/v1/agents', { ...bearer(readOnly), data: { name: 'No' } })
    expect(refused.status()).toBe(403)
    expect(await refused.json()).toMatchObject({
      error: 'API key lacks the write scope',
      code: 'insufficient_scope',
      required_scope: 'write',
      scopes: ['read'],
    })
    expect(refused.headers()['www-authenticate']).toContain('scope="write"')
  })

  await test.step('neither database nor Redis nor log ever held the secret', async () => {
    expect(await dumpDatabase()).not.toContain(secret.slice(0, 32))
    expect(await dumpRedis()).not.toContain(secret.slice(0, 32))
    expect(serverUnderTest().log()).not.toContain(secret.slice(0, 32))
    expect(await dumpDatabase()).toContain('$2b$12$')
  })

  await test.step('a deleted key is refused at once', async () => {
    expect((await api.get('/api/v1/agents', bearer(key))).status()).toBe(200)
    await page.goto('/settings/api-keys')
    await page.getByRole('button', { name: 'Actions for Production API' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByLabel(/to confirm/).fill('Production API')
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await expect(page.getByText('Production API deleted')).toBeVisible()
    const refused = await api.get('/api/v1/agents', bearer(key))
    expect(refused.status()).toBe(401)
    expect(await refused.json()).toMatchObject({ error: 'Invalid API key', code: 'revoked_api_key' })
  })

  await test.step('after log-out a copy of the cookie is dead', async () => {
    const cookie = await sessionCookie(context)
    expect(cookie?.value).toBeTruthy()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL('**/login**')
    expect(await sessionCookie(context)).toBeUndefined()
    const headers = { Cookie: `twig_session=${cookie?.value}` }
    expect(await (await api.get('/api/auth/session', { headers })).json()).toEqual({})
    const page2 = await api.get('/settings/api-keys', { headers, maxRedirects: 0 })
    expect(page2.status()).toBe(307)
    expect(page2.headers().location).toContain('/login?code=session_expired')
  })

  expect(complaints).toEqual([])
})
