import { describe, expect, test } from 'vitest'
import { endpoints } from '../core/endpoints'
import type { Scope } from '../core/principal'
import { DEFAULT_PER_MINUTE } from '../core/rate-limits'
import { createAgent, getAgent, listAgents } from '../domain/agents'
import { tenant } from '../domain/testing/tenants'
import { PASS_HEADER, type PassFacts, signPass } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { nodeHmac } from '../store/hmac'
import { route } from './route'

const post = route(endpoints.createAgent, createAgent)
const list = route(endpoints.listAgents, listAgents)
const get = route(endpoints.getAgent, getAgent)
const now = () => Math.floor(Date.now() / 1000)

interface Call {
  organizationId: string
  method?: string
  path?: string
  body?: BodyInit | null
  headers?: Record<string, string>
  scopes?: Scope[]
  pass?: Partial<PassFacts> | string | null
  at?: number
}

/** A request as the gate would hand it on. */
async function request({
  method = 'POST',
  path = '/api/v1/agents',
  scopes = ['admin'],
  ...call
}: Call): Promise<Request> {
  const facts = {
    kind: 'key',
    m: method,
    p: path.split('?')[0],
    q: '',
    requestId: 'req_test',
    clientIp: '192.0.2.7',
    keyId: 'key_000000000000',
    keyName: 'Test',
    organizationId: call.organizationId,
    environment: 'live',
    scopes,
    organization: {
      slug: 'test',
      name: 'Test',
      plan: 'free',
      perMinute: DEFAULT_PER_MINUTE,
      organizationPerMinute: DEFAULT_PER_MINUTE,
    },
    gateUs: 0,
    ...(typeof call.pass === 'object' ? call.pass : {}),
  } as PassFacts
  const pass =
    typeof call.pass === 'string'
      ? call.pass
      : signPass(facts, nodeHmac(nodeEnv().secrets.gatewaySecret), call.at ?? now())
  const headers = { 'content-type': 'application/json', ...call.headers }
  const init: RequestInit = {
    method,
    headers: call.pass === null ? headers : { ...headers, [PASS_HEADER]: pass },
  }
  if (call.body !== undefined) init.body = call.body
  return new Request(`http://localhost${path}`, init)
}

const none = { params: Promise.resolve({}) }
const agent = (name: string) => JSON.stringify({ name })

async function outcome(answer: Response) {
  const { code, fields } = (await answer.json()) as { code?: string; fields?: Record<string, string> }
  return { status: answer.status, code, fields }
}

describe('the pass', () => {
  test('without one, or with one for another method, path, kind or time, nobody comes in', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    const body = agent('x')
    const calls: Array<Omit<Call, 'organizationId'>> = [
      { pass: null },
      { pass: 'a.b.c' },
      { pass: { m: 'GET' } },
      { pass: { p: '/api/v1/agents/agent_1' } },
      { pass: { kind: 'anonymous' } as Partial<PassFacts> },
      { at: now() - 31 },
      { at: now() + 3600 },
    ]
    for (const call of calls) {
      const answer = await post(await request({ organizationId, body, ...call }), none)
      expect(await outcome(answer), JSON.stringify(call)).toMatchObject({
        status: 401,
        code: 'missing_authorization',
      })
    }
    expect((await post(await request({ organizationId, body }), none)).status).toBe(201)
  })

  test('a pass signed with another secret is nothing', async () => {
    const { organization } = await tenant()
    const facts = {
      kind: 'anonymous',
      m: 'POST',
      p: '/api/v1/agents',
      q: '',
      requestId: 'r',
      clientIp: null,
    } as const
    const pass = signPass(facts, nodeHmac('another secret of sufficient length!'), now())
    const answer = await post(
      await request({ organizationId: organization.id, pass, body: agent('x') }),
      none,
    )
    expect(answer.status).toBe(401)
  })

  test('the verb checks the scope again behind the gate', async () => {
    const { organization } = await tenant()
    const call = { organizationId: organization.id, body: agent('x'), scopes: ['read'] as Scope[] }
    expect(await outcome(await post(await request(call), none))).toMatchObject({
      status: 403,
      code: 'insufficient_scope',
    })
  })
})

describe('the body', () => {
  test('bad input gets a clear code and says which field', async () => {
    const { organization } = await tenant()
    const cases: Array<[BodyInit, Record<string, string>, number, string, string[]]> = [
      ['{', {}, 400, 'invalid_json', []],
      ['', {}, 400, 'invalid_json', []],
      [new Uint8Array([0xff, 0xfe]), {}, 400, 'invalid_json', []],
      ['[]', {}, 400, 'invalid_request', ['body']],
      ['{}', {}, 400, 'invalid_request', ['name']],
      ['{"name":" "}', {}, 400, 'invalid_request', ['name']],
      ['{"name":{"contains":""}}', {}, 400, 'invalid_request', ['name']],
      ['{"name":"x","organizationId":"org_1"}', {}, 400, 'invalid_request', ['organizationId']],
      ['{"name":"x","environment":"test"}', {}, 400, 'invalid_request', ['environment']],
      ['{"name":"x","__proto__":{"a":1}}', {}, 400, 'invalid_request', ['__proto__']],
      ['{"name":"x","temperature":"hot"}', {}, 400, 'invalid_request', ['temperature']],
      ['{"name":"x","instructions":"a\\u0000b"}', {}, 400, 'invalid_request', ['instructions']],
      ['{"name":"x","model":{"name":"a\\u0000b"}}', {}, 400, 'invalid_request', ['model.name']],
      ['{"name":"\\u200b"}', {}, 400, 'invalid_request', ['name']],
      ['{"name":"abc\\u202egpj"}', {}, 400, 'invalid_request', ['name']],
      [agent('a'.repeat(101)), {}, 400, 'invalid_request', ['name']],
      [agent('x'), { 'content-type': 'text/plain' }, 415, 'unsupported_media_type', []],
      [agent('x'), { 'idempotency-key': 'a b' }, 400, 'invalid_request', ['Idempotency-Key']],
      [
        JSON.stringify({ name: 'x', instructions: 'y'.repeat(1024 * 1024) }),
        {},
        413,
        'payload_too_large',
        [],
      ],
    ]
    for (const [body, headers, status, code, fields] of cases) {
      const call = await request({ organizationId: organization.id, body, headers })
      const { fields: given, ...told } = await outcome(await post(call, none))
      expect({ ...told, fields: Object.keys(given ?? {}) }, String(body).slice(0, 60)).toEqual({
        status,
        code,
        fields,
      })
    }
  })

  test('deep nesting and strange numbers are refused without harm', async () => {
    const { organization } = await tenant()
    const deep = `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    const answer = await post(await request({ organizationId: organization.id, body: deep }), none)
    expect(answer.status).toBe(400)
  })
})

describe('Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'order-1' }

  test('the same key and body gives the first answer again, and one agent', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    const first = await post(await request({ organizationId, body: agent('Once'), headers }), none)
    const again = await post(await request({ organizationId, body: agent('Once'), headers }), none)
    expect([first.status, again.status]).toEqual([201, 201])
    expect(await again.json()).toEqual(await first.json())
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    const all = await list(await request({ organizationId, method: 'GET' }), none)
    expect(((await all.json()) as { data: unknown[] }).data).toHaveLength(1)
  })

  test('another body is a conflict', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    await post(await request({ organizationId, body: agent('One'), headers }), none)
    const answer = await post(await request({ organizationId, body: agent('Two'), headers }), none)
    expect(await outcome(answer)).toMatchObject({ status: 409, code: 'idempotency_conflict' })
  })

  test('twenty at once make one agent, and all are told of it, at once or when asked again', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    const ask = async () => post(await request({ organizationId, body: agent('One'), headers }), none)
    // Who would wait too long is sent away for now, as a busy machine may do to any of them.
    const askUntilTold = async () => {
      for (;;) {
        const answer = await ask()
        if (answer.status !== 503) return answer
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      }
    }
    const answers = await Promise.all(Array.from({ length: 20 }, askUntilTold))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201))
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1)
    const all = await list(await request({ organizationId, method: 'GET' }), none)
    expect(((await all.json()) as { data: unknown[] }).data).toHaveLength(1)
  })

  test('a refused first try is forgotten', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    expect((await post(await request({ organizationId, body: '{}', headers }), none)).status).toBe(400)
    expect((await post(await request({ organizationId, body: agent('Now'), headers }), none)).status).toBe(
      201,
    )
  })

  test('a try that the verb itself refused is forgotten as well', async () => {
    const { organization } = await tenant()
    const organizationId = organization.id
    const body = JSON.stringify({ name: 'x', data_source_ids: ['ds_1'] })
    for (let attempt = 0; attempt < 2; attempt++) {
      const answer = await post(await request({ organizationId, body, headers }), none)
      expect(await outcome(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
    }
  })

  test('other keys, environments and organizations have Idempotency-Keys of their own', async () => {
    const [one, two] = [await tenant(), await tenant()]
    const body = agent('Mine')
    const calls: Call[] = [
      { organizationId: one.organization.id },
      { organizationId: two.organization.id },
      { organizationId: one.organization.id, pass: { keyId: 'key_other0000000' } as Partial<PassFacts> },
      { organizationId: one.organization.id, pass: { environment: 'test' } as Partial<PassFacts> },
    ]
    const ids = new Set<string>()
    for (const call of calls) {
      const answer = await post(await request({ ...call, body, headers }), none)
      ids.add(((await answer.json()) as { id: string }).id)
    }
    expect(ids.size).toBe(4)
  })
})

test('a list is read page by page; a wrong limit or cursor is told', async () => {
  const { organization } = await tenant()
  const organizationId = organization.id
  for (const path of [
    '/api/v1/agents?limit=0',
    '/api/v1/agents?limit=201',
    '/api/v1/agents?cursor=zz',
    '/api/v1/agents?x=1',
  ]) {
    const answer = await list(await request({ organizationId, method: 'GET', path }), none)
    expect(await outcome(answer), path).toMatchObject({ status: 400, code: 'invalid_request' })
  }
  const answer = await list(
    await request({ organizationId, method: 'GET', path: '/api/v1/agents?limit=1' }),
    none,
  )
  expect(await answer.json()).toEqual({ data: [], has_more: false, next_cursor: null })
})

test('an id in the path is looked up in the caller’s organization only', async () => {
  const [mine, theirs] = [await tenant(), await tenant()]
  const made = await post(
    await request({ organizationId: theirs.organization.id, body: agent('Theirs') }),
    none,
  )
  const { id } = (await made.json()) as { id: string }
  const path = `/api/v1/agents/${id}`
  const context = { params: Promise.resolve({ id }) }
  const foreign = await get(
    await request({ organizationId: mine.organization.id, method: 'GET', path }),
    context,
  )
  expect(await outcome(foreign)).toMatchObject({ status: 404, code: 'not_found' })
})
