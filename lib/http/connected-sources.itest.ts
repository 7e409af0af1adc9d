import { describe, expect, test } from 'vitest'
import { type Endpoint, endpoints } from '../core/endpoints'
import type { Environment, Scope } from '../core/principal'
import { DEFAULT_PER_MINUTE } from '../core/rate-limits'
import { disconnect } from '../domain/connections'
import { createDataSource, getDataSource } from '../domain/data-sources'
import { browseSource, chooseSelection, requestSync, setSchedule } from '../domain/source-syncs'
import { connectingWorld } from '../domain/testing/connecting'
import { keyOf } from '../domain/testing/tenants'
import { PASS_HEADER, type PassFacts, signPass } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { nodeHmac } from '../store/hmac'
import { route } from './route'

const here = connectingWorld()
const handlers = {
  get: route(endpoints.getDataSource, getDataSource),
  browse: route(endpoints.browseDataSource, browseSource),
  selection: route(endpoints.chooseSelection, chooseSelection),
  schedule: route(endpoints.setSchedule, setSchedule),
  sync: route(endpoints.syncDataSource, requestSync),
  disconnect: route(endpoints.disconnectDataSource, disconnect),
}
const METHODS: Record<keyof typeof handlers, Endpoint['method']> = {
  get: 'get',
  browse: 'get',
  selection: 'put',
  schedule: 'put',
  sync: 'post',
  disconnect: 'post',
}
type Row = keyof typeof handlers

interface Call {
  organizationId: string
  id: string
  body?: unknown
  search?: string
  scopes?: Scope[]
  environment?: Environment
}

/** A call as the gate would hand it on. */
async function call(row: Row, { organizationId, id, body, search = '', ...who }: Call) {
  const path = `/api/v1/data-sources/${id}${row === 'get' ? '' : `/${row}`}`
  const method = METHODS[row].toUpperCase()
  const facts: PassFacts = {
    kind: 'key',
    m: method,
    p: path,
    q: search,
    requestId: 'req_test',
    clientIp: null,
    keyId: 'key_000000000000',
    keyName: 'Test',
    organizationId,
    environment: who.environment ?? 'live',
    scopes: who.scopes ?? ['write', 'read'],
    organization: {
      slug: 'test',
      name: 'Test',
      plan: 'free',
      perMinute: DEFAULT_PER_MINUTE,
      organizationPerMinute: DEFAULT_PER_MINUTE,
    },
    gateUs: 0,
  }
  const pass = signPass(facts, nodeHmac(nodeEnv().secrets.gatewaySecret), Math.floor(Date.now() / 1000))
  const headers = { [PASS_HEADER]: pass, 'content-type': 'application/json' }
  const init = method === 'GET' ? { headers } : { method, headers, body: JSON.stringify(body ?? {}) }
  const request = new Request(`http://localhost${path}${search}`, init)
  const answer = await handlers[row](request, { params: Promise.resolve({ id }) })
  return { status: answer.status, headers: answer.headers, body: await answer.json() }
}

async function source() {
  const [person, own] = [await here.person(), here.account()]
  const { id } = await here.connected(person, own)
  return { organizationId: person.organizationId, id }
}

const team = { id: 'team', name: 'Team', kind: 'folder' }
const changes: [Row, object][] = [
  ['selection', { selection: [team] }],
  ['schedule', { minutes: 15 }],
  ['sync', {}],
  ['disconnect', {}],
]

describe('a connected source over the API', () => {
  test('is browsed a page at a time, chosen from, scheduled, synced, and disconnected with a receipt', async () => {
    for (let number = 0; number < 120; number++) {
      here.google.control.putFolder({ id: `f-${number}`, name: `Folder ${number}`, parent: 'root' })
    }
    const at = await source()
    expect((await call('get', at)).body).toMatchObject({
      kind: 'google_drive',
      status: 'connected',
      connection: { provider: 'google_drive', state: 'connected' },
      sync: { phase: 'idle', selection: [] },
    })
    const top = await call('browse', at)
    expect(top).toMatchObject({ status: 200, body: { is_searchable: true } })
    const search = '?parent=root'
    const first = await call('browse', { ...at, search })
    expect(first.body.next).toEqual(expect.any(String))
    const cursor = encodeURIComponent(first.body.next)
    const second = await call('browse', { ...at, search: `${search}&cursor=${cursor}` })
    expect(first.body.items.length + second.body.items.length).toBeGreaterThanOrEqual(120)
    expect(second.body.next).toBeNull()
    const found = await call('browse', { ...at, search: '?query=folder%2011' })
    expect(found.body.items.map(({ id }: { id: string }) => id)).toContain('f-11')

    expect(await call('selection', { ...at, body: { selection: [team] } })).toMatchObject({
      status: 200,
      body: { selection: [team], phase: 'waiting', requested_at: expect.any(String) },
    })
    const schedule = await call('schedule', { ...at, body: { minutes: 1440 } })
    expect(schedule).toMatchObject({ status: 200, body: { schedule_minutes: 1440 } })
    expect(await call('sync', at)).toMatchObject({ status: 200, body: { phase: 'waiting' } })
    expect(await call('disconnect', at)).toMatchObject({
      status: 200,
      body: { tokens_deleted: true, provider: { outcome: 'revoked' } },
    })
    expect((await call('get', at)).body).toMatchObject({
      status: 'ready',
      connection: { state: 'disconnected', token: null, receipt: { tokens_deleted: true } },
      sync: { next_at: null },
    })
    for (const [row, body] of changes) {
      expect(await call(row, { ...at, body })).toMatchObject({ status: 409, body: { code: 'conflict' } })
    }
    expect(await call('browse', at)).toMatchObject({ status: 409, body: { code: 'conflict' } })
  })

  test.each<[Row, string, object, string]>([
    ['selection', '', {}, 'selection'],
    ['selection', '', { selection: [{ ...team, kind: 'file' }] }, 'selection.0.kind'],
    ['selection', '', { selection: [{ ...team, id: '' }] }, 'selection.0.id'],
    ['selection', '', { selection: [{ ...team, name: 'a\u202eb' }] }, 'selection.0.name'],
    ['selection', '', { selection: [team, team] }, 'selection'],
    [
      'selection',
      '',
      { selection: Array.from({ length: 201 }, (_, n) => ({ ...team, id: `${n}` })) },
      'selection',
    ],
    ['schedule', '', { minutes: 1 }, 'minutes'],
    ['schedule', '', { minutes: '60' }, 'minutes'],
    ['sync', '', { now: true }, 'now'],
    ['disconnect', '', { force: true }, 'force'],
    ['browse', '?parent=', {}, 'parent'],
    ['browse', '?everything=1', {}, 'everything'],
  ])('refuses %s%s with %j, naming %s', async (row, search, body, field) => {
    const at = await source()
    const refused = await call(row, { ...at, body, search })
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(Object.keys(refused.body.fields)).toContain(field)
  })

  test('is nobody else’s: another organization’s or environment’s key finds none, one that may read changes none', async () => {
    const at = await source()
    const { organizationId: other } = await here.person()
    for (const [row, body] of [...changes, ['browse', {}] as const]) {
      expect(await call(row, { ...at, body, organizationId: other })).toMatchObject({ status: 404 })
      expect(await call(row, { ...at, body, environment: 'test' })).toMatchObject({ status: 404 })
      expect(await call(row, { ...at, body, scopes: ['read'] })).toMatchObject({
        status: 403,
        body: { code: 'insufficient_scope' },
      })
    }
    expect((await call('get', at)).body.connection.state).toBe('connected')
  })

  test('that is of one’s own documents has none of it', async () => {
    const { organizationId } = await here.person()
    const { id } = await createDataSource(keyOf(organizationId, ['admin']), { name: 'A', kind: 'text' })
    for (const [row, body] of [...changes, ['browse', {}] as const]) {
      expect(await call(row, { organizationId, id, body })).toMatchObject({
        status: 409,
        body: { code: 'conflict' },
      })
    }
    expect((await call('get', { organizationId, id })).body).toMatchObject({ connection: null, sync: null })
  })

  test('whose provider is busy says when to come back, and stays connected', async () => {
    const at = await source()
    here.google.control.fail({ on: 'GET /drive', status: 429, retryAfter: '17' })
    const busy = await call('browse', at)
    expect(busy).toMatchObject({ status: 503, body: { code: 'temporarily_unavailable' } })
    expect(busy.headers.get('retry-after')).toBe('17')
    here.google.control.heal()
    expect((await call('get', at)).body.status).toBe('connected')
  })
})
