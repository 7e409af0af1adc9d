import { beforeAll, describe, expect, test } from 'vitest'
import { GET as exported } from '../../app/api/v1/audit-logs/export/route'
import { GET as list } from '../../app/api/v1/audit-logs/route'
import { AuditLog } from '../core/audit-schemas'
import type { Environment, Scope } from '../core/principal'
import { AgentInput, listOf } from '../core/schemas'
import { createAgent } from '../domain/agents'
import { listAuditActions, listAuditLogs } from '../domain/audit-log'
import { organizationLimits } from '../domain/organization-limits'
import { verifyLines } from '../domain/testing/audit-exports'
import { warmUp } from '../domain/testing/keys'
import { keyOf, personOf, tenant } from '../domain/testing/tenants'
import { PASS_HEADER, signPass } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { nodeHmac } from '../store/hmac'

type Handler = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>

let organizationId = ''
let agentId = ''
beforeAll(async () => {
  await warmUp()
  const { organization } = await tenant()
  organizationId = organization.id
  const key = { ...keyOf(organizationId, ['admin']), requestId: 'req_made', clientIp: '192.0.2.7' }
  agentId = (await createAgent(key, AgentInput.parse({ name: '=1+1' }))).id
  await createAgent({ ...key, environment: 'test' }, AgentInput.parse({ name: 'Draft' }))
  const stranger = keyOf((await tenant()).organization.id, ['admin'], 'test')
  await createAgent(stranger, AgentInput.parse({ name: 'Theirs' }))
  for (const name of ['A', 'B'])
    await createAgent(await personOf(organizationId, 'member'), AgentInput.parse({ name }))
})

interface Caller {
  scopes?: Scope[]
  environment?: Environment
}

/** The answer to a call that the gate has let through. */
async function call(
  handler: Handler,
  path: string,
  { scopes = ['admin'], environment = 'live' }: Caller = {},
) {
  const { pathname } = new URL(path, 'http://localhost')
  const pass = {
    ...{ kind: 'key' as const, m: 'GET', p: pathname, q: '', requestId: 'req_test', clientIp: '192.0.2.7' },
    ...{ keyId: 'key_000000000000', keyName: 'Admin', organizationId, environment, scopes, gateUs: 0 },
    organization: await organizationLimits(organizationId),
  }
  const signed = signPass(pass, nodeHmac(nodeEnv().secrets.gatewaySecret), Math.floor(Date.now() / 1000))
  const request = new Request(`http://localhost${path}`, { headers: { [PASS_HEADER]: signed } })
  const response = await handler(request, { params: Promise.resolve({}) })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const LIST = '/api/v1/audit-logs'
const EXPORT = '/api/v1/audit-logs/export'
const rowsOf = async (query: string, caller?: Caller) => {
  const { status, text } = await call(list, LIST + query, caller)
  expect(status, text).toBe(200)
  return listOf(AuditLog).parse(JSON.parse(text))
}

describe('GET /audit-logs', () => {
  test('gives rows in their documented form, the latest first, page by page', async () => {
    const first = await rowsOf('?limit=3')
    expect(first.data.map(({ seq }) => seq)).toEqual([5, 4, 3])
    const second = await rowsOf(`?limit=3&cursor=${first.next_cursor}`)
    expect(second.data.map(({ seq }) => seq)).toEqual([2, 1])
    expect(second).toMatchObject({ has_more: false, next_cursor: null })
    expect(second.data[0]).toMatchObject({
      ...{ action: 'agent.created', actor_kind: 'key', actor_id: 'key_000000000000', target_id: agentId },
      ...{ client_ip: '192.0.2.7', request_id: 'req_made', before: null, after: { name: '=1+1' } },
    })
    expect(second.data[0]?.previous_hash).toBe(second.data[1]?.hash)
  })

  test.each([
    ['action=agent.created', 4],
    ['action=agent', 4],
    ['action=agent_', 0],
    ['action=agen_', 0],
    ['action=organization', 1],
    ['actor=operator', 1],
    ['actor=key', 2],
    ['actor=key_000000000000', 2],
    ['actor=user', 2],
    ['request_id=req_made', 2],
    ['from=2100-01-01T00:00:00Z', 0],
    ['to=2100-01-01T00:00:00Z', 5],
    ['actor=key&action=organization', 0],
  ])('?%s leaves %i rows', async (query, count) => {
    expect((await rowsOf(`?${query}`)).data).toHaveLength(count)
    const csv = await call(exported, `${EXPORT}?format=csv&${query}`)
    expect(csv.text.trimEnd().split('\r\n')).toHaveLength(count + 1)
  })

  test('?target= leaves what was done to it', async () => {
    expect((await rowsOf(`?target=${agentId}`)).data).toHaveLength(1)
  })

  test.each(['limit=0', 'cursor=x', 'action=A', 'from=yesterday', 'actor=a%20b', 'format=xml'])(
    '?%s is refused',
    async (query) => {
      expect((await call(list, `${LIST}?${query}`)).status).toBe(400)
    },
  )

  test('as CSV no cell is a formula', async () => {
    const { text, headers } = await call(list, `${LIST}?format=csv`)
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(text).not.toMatch(/(?:^|,)"?[=+@]/m)
  })

  test('a Test key sees what was changed in Test alone, and gets no export of the whole', async () => {
    const own = await rowsOf('', { environment: 'test' })
    expect(own.data.map(({ after }) => (after as { name: string }).name)).toEqual(['Draft'])
    expect((await call(exported, EXPORT, { environment: 'test' })).status).toBe(409)
    const csv = await call(exported, `${EXPORT}?format=csv`, { environment: 'test' })
    expect(csv.text.trimEnd().split('\r\n')).toHaveLength(2)
  })

  test.each<Scope>(['read', 'write', 'execute'])('the scope %s is not enough', async (scope) => {
    for (const [handler, path] of [
      [list, LIST],
      [exported, EXPORT],
    ] as const)
      expect((await call(handler, path, { scopes: [scope] })).status).toBe(403)
  })
})

describe('GET /audit-logs/export', () => {
  test('is the whole log as JSON lines that verify, to be saved', async () => {
    const { status, headers, text } = await call(exported, EXPORT)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/jsonl; charset=utf-8')
    expect(headers.get('content-disposition')).toMatch(
      /^attachment; filename="audit-log-\d{4}-\d\d-\d\d\.jsonl"$/,
    )
    const verdict = await verifyLines(text.trimEnd().split('\n'), { organizationId })
    expect(verdict).toMatchObject({ valid: true, rows: 5 })
  })

  test('takes no filter with JSON lines: a chain is whole or none', async () => {
    expect((await call(exported, `${EXPORT}?action=agent`)).status).toBe(400)
  })
})

test('people below admin see nothing of it, and nobody anything of another organization', async () => {
  for (const role of ['viewer', 'member'] as const) {
    const person = await personOf(organizationId, role)
    await expect(listAuditLogs(person, { limit: 5 })).rejects.toMatchObject({ code: 'insufficient_role' })
    await expect(listAuditActions(person)).rejects.toMatchObject({ code: 'insufficient_role' })
  }
  const { organization } = await tenant()
  const stranger = await personOf(organization.id, 'admin')
  expect((await listAuditLogs(stranger, { limit: 50 })).data).toHaveLength(1)
  expect(await listAuditActions(stranger)).toEqual(['organization.created'])
  expect(await listAuditActions(await personOf(organizationId, 'admin'))).toEqual([
    'agent.created',
    'organization.created',
  ])
})
