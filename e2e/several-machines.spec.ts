import { expect, test } from '@playwright/test'
import { FormData } from 'undici'
import { nginxPath, reportWithoutNginx } from '../server/nginx'
import { reportWithoutPgBouncer } from '../server/pgbouncer'
import { generateKey, sessionCookie, signUp, somebody } from './fixtures'
import { type Machine, type Machines, openMachines } from './testing/machines'

reportWithoutNginx('three Twigs behind deploy/nginx-upstream.conf')
if (nginxPath) reportWithoutPgBouncer('two of three Twigs through PgBouncer')

test.describe.configure({ mode: 'serial' })

/** After this long no machine may take what was ended (A7, B4). */
const BOUND_MS = 1_000

function threeMachines(): void {
  let here: Machines
  test.beforeAll(async () => {
    test.setTimeout(180_000)
    here = await openMachines()
  })
  test.afterAll(async () => {
    test.setTimeout(60_000)
    await here?.close()
  })

  async function create<T>(path: string, key: string, body: unknown): Promise<T> {
    const answer = await here.call(path, key, { method: 'POST', body: JSON.stringify(body) })
    expect(answer.status, path).toBe(201)
    return (await answer.json()) as T
  }

  /** Asks each machine until it says what is expected; an answer of before may come for a second. */
  async function allSay(expected: string, ask: (machine: Machine) => Promise<string>): Promise<void> {
    const sinceMs = performance.now()
    for (const machine of here.machines) {
      for (;;) {
        const sentAtMs = performance.now()
        const said = await ask(machine)
        if (said === expected) break
        expect(sentAtMs - sinceMs, `${said} instead of ${expected}`).toBeLessThan(BOUND_MS)
      }
    }
  }

  const statusWith = (key: string) => async (machine: Machine) =>
    String((await here.callAt(machine, '/api/v1/whoami', { Authorization: `Bearer ${key}` })).status)

  const twig = (...args: string[]) => here.machines[0]?.twig(...args) ?? {}
  const keyFor = (org: string, scopes: string) =>
    twig('key', 'create', '--org', org, '--name', scopes, '--scopes', scopes, '--env', 'live').key ?? ''
  const organization = (name: string) =>
    twig('org', 'create', '--name', name, '--plan', 'enterprise').id ?? ''

  test('who signs in at one machine is signed in at all, forms and pages included, and signed out of all within a second', async ({
    browser,
  }) => {
    test.setTimeout(120_000)
    const context = await browser.newContext({ baseURL: here.appUrl, ignoreHTTPSErrors: true })
    const page = await context.newPage()
    const person = somebody()
    await signUp(page, person)
    // Each machine meets each page for the first time: a busy one may say 503, honestly, and is asked again.
    for (const path of ['/agents', '/settings/members', '/account', '/settings/api-keys']) {
      await expect(async () => {
        expect((await page.goto(path))?.status()).toBe(200)
        expect(new URL(page.url()).pathname).toBe(path)
      }).toPass({ timeout: 40_000 })
    }
    const key = await generateKey(page, { name: 'CI', scopes: ['Read'] })
    await allSay('200', statusWith(key))

    const cookie = await sessionCookie(context)
    expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Lax' })
    const whoIs = async (machine: Machine) => {
      const answer = await here.callAt(machine, '/api/auth/session', {
        Cookie: `twig_session=${cookie?.value}`,
      })
      const { user } = (await answer.json()) as { user?: { email: string } }
      return user?.email ?? 'nobody'
    }
    await allSay(person.email, whoIs)
    const ended = await context.request.delete('/api/auth/logout', { headers: { Origin: here.appUrl } })
    expect(ended.status()).toBe(204)
    await allSay('nobody', whoIs)
    await context.close()
  })

  test('a key that is deleted through one machine is refused by all within a second, and a bucket is one over all', async () => {
    const org = organization('Shared')
    const admin = keyFor(org, 'admin')
    twig('limits', 'set', '--org', org, '--scope', 'read', '--per-minute', '20')
    const wanted = { name: 'Reader', scopes: ['read'], environment: 'live' }
    const { id, key } = await create<{ id: string; key: string }>('/api-keys', admin, wanted)
    const beganMs = performance.now()
    await allSay('200', statusWith(key))
    const burst = await Promise.all(Array.from({ length: 60 }, () => here.call('/whoami', key)))
    // On a machine too busy for Redis to answer in time, buckets of the processes stand in for the one.
    const counted = burst.filter(
      ({ status, headers }) => status !== 503 && headers.get('x-ratelimit-mode') !== 'degraded',
    )
    const admitted = counted.filter(({ status }) => status === 200).length
    const refilled = Math.ceil(((performance.now() - beganMs) / 60_000) * 20)
    expect(admitted).toBeLessThanOrEqual(20 - here.machines.length + refilled)
    expect(counted.filter(({ status }) => status === 429)).toHaveLength(counted.length - admitted)
    expect(counted.length, 'Redis answered hardly ever').toBeGreaterThan(20)
    expect((await here.call(`/api-keys/${id}`, admin, { method: 'DELETE' })).status).toBe(200)
    await allSay('401', statusWith(key))
  })

  test('documents sent at once to whichever machine pass whole, and each is indexed by one machine, once', async () => {
    const key = keyFor(organization('Documents'), 'write')
    const source = await create<{ id: string }>('/data-sources', key, { name: 'Manual', kind: 'text' })
    // Postgres notes how often a document was made ready: by two machines it would be twice.
    await here.database.query(`
      create table made_ready (document_id text);
      create function note_ready() returns trigger language plpgsql as
        'begin insert into made_ready values (new.id); return null; end';
      create trigger note_ready after update of status on documents
        for each row when (new.status = 'ready') execute function note_ready()`)
    const texts = Array.from({ length: 8 }, (_, index) => `Word${index} stands in document ${index}.\n`)
    const statuses = await Promise.all(
      texts.map(async (text, index) => {
        const body = new FormData()
        // The first is larger than what nginx takes by itself.
        const size = index === 0 ? 1.5 * 1024 * 1024 : 1_000
        body.set('file', new File([text.repeat(Math.ceil(size / text.length))], `${index}.txt`))
        return (await here.call(`/data-sources/${source.id}/documents`, key, { method: 'POST', body })).status
      }),
    )
    expect(statuses).toEqual(texts.map(() => 201))
    const documents = async () => {
      const { rows } = await here.database.query(
        `select status, size, (select count(*)::int from made_ready where document_id = documents.id) as times,
           (select count(*)::int from chunks where document_id = documents.id) as passages
         from documents where data_source_id = $1 order by size desc`,
        [source.id],
      )
      return rows as { status: string; size: number; times: number; passages: number }[]
    }
    const ready = async () => (await documents()).filter(({ status }) => status === 'ready').length
    await expect.poll(ready, { timeout: 40_000 }).toBe(texts.length)
    const all = await documents()
    expect(all[0]?.size).toBeGreaterThanOrEqual(1.5 * 1024 * 1024)
    expect(all.map(({ times }) => times)).toEqual(texts.map(() => 1))
    for (const { passages } of all) expect(passages).toBeGreaterThan(0)
  })

  test('an answer streams through nginx as it comes, and ends at the model when the caller leaves', async () => {
    const org = organization('Streams')
    const agent = await create<{ id: string }>('/agents', keyFor(org, 'write'), {
      name: 'Support',
      model: { source: 'twig', name: 'gpt-4.1-mini' },
    })
    here.model.behave('endless')
    const body = JSON.stringify({ agent_id: agent.id, message: 'Hello?', stream: true })
    const answer = await here.call('/chat', keyFor(org, 'execute'), { method: 'POST', body })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const events = answer.body?.getReader()
    const { value } = (await events?.read()) ?? {}
    // It never ends: what was kept back until then would not come.
    expect(Buffer.from(value ?? []).toString()).toContain('event: delta')
    await events?.cancel()
    await expect.poll(() => here.model.calls.at(-1)?.abandoned).toBe(true)
    here.model.behave('ok')
  })

  test('a machine that is stopped for an upgrade, and one that is killed, cost no reader an answer, and serve again once started', async () => {
    test.setTimeout(180_000)
    const org = organization('Upgrade')
    const key = keyFor(org, 'read')
    twig('limits', 'set', '--org', org, '--scope', 'read', '--per-minute', '100000')
    await allSay('200', statusWith(key))
    const answers: Record<string, number> = {}
    let isOver = false
    const reading = Array.from({ length: 3 }, async () => {
      while (!isOver) {
        const answer = await here.call('/whoami', key).catch(({ cause }) => `broken off: ${cause}`)
        // A machine under load may say 503 itself, with its request id; nginx has none.
        const isOwn = typeof answer !== 'string' && answer.headers.has('x-request-id')
        const said = typeof answer === 'string' ? answer : `${isOwn ? '' : 'nginx: '}${answer.status}`
        answers[said] = (answers[said] ?? 0) + 1
        if (typeof answer !== 'string') await answer.text()
      }
    })
    await here.restart(1, 'SIGINT')
    await here.restart(2, 'SIGKILL')
    isOver = true
    await Promise.all(reading)
    const { 200: admitted = 0, 503: busy = 0, ...others } = answers
    expect(others).toEqual({})
    expect(admitted).toBeGreaterThan(100)
    expect(busy).toBeLessThan(admitted / 20)
    for (const machine of here.machines) expect(await statusWith(key)(machine)).toBe('200')
  })
}

if (nginxPath) threeMachines()
