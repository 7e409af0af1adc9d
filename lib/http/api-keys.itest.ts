import { beforeAll, describe, expect, test } from 'vitest'
import { GET as listRequests } from '../../app/api/v1/api-keys/[id]/requests/route'
import { POST as rotate } from '../../app/api/v1/api-keys/[id]/rotate/route'
import { DELETE, GET, PATCH } from '../../app/api/v1/api-keys/[id]/route'
import { GET as usage } from '../../app/api/v1/api-keys/[id]/usage/route'
import { POST as create, GET as list } from '../../app/api/v1/api-keys/route'
import { ApiKey, NewApiKey, RevocationReceipt, UsageReport } from '../core/key-schemas'
import type { Scope } from '../core/principal'
import { listOf } from '../core/schemas'
import { organizationLimits } from '../domain/organization-limits'
import { plantKey, warmUp, withoutRedis } from '../domain/testing/keys'
import { tenant } from '../domain/testing/tenants'
import { PASS_HEADER, signPass } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { nodeHmac } from '../store/hmac'

type Handler = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>
interface Options {
  id?: string
  body?: unknown
  headers?: Record<string, string>
  scopes?: Scope[]
}

let organizationId = ''
beforeAll(async () => {
  await warmUp()
  organizationId = (await tenant()).organization.id
})

/** The answer to a call that the gate has let through. */
async function call(handler: Handler, method: string, path: string, options: Options = {}) {
  const { id, body, scopes = ['admin'] } = options
  const { pathname } = new URL(path, 'http://localhost')
  const pass = {
    kind: 'key' as const,
    m: method,
    p: pathname,
    q: '',
    requestId: 'req_test',
    clientIp: '192.0.2.7',
    keyId: 'key_000000000000',
    keyName: 'Admin',
    organizationId,
    organization: await organizationLimits(organizationId),
    environment: 'live' as const,
    scopes,
    gateUs: 0,
  }
  const signed = signPass(pass, nodeHmac(nodeEnv().secrets.gatewaySecret), Math.floor(Date.now() / 1000))
  const headers = { 'content-type': 'application/json', ...options.headers, [PASS_HEADER]: signed }
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
  const response = await handler(new Request(`http://localhost${path}`, init), {
    params: Promise.resolve<Record<string, string>>(id === undefined ? {} : { id }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

const input = { name: 'CI', scopes: ['read', 'write'], environment: 'live' }

describe('the API of keys', () => {
  test('makes, lists, shows, changes, rotates and deletes a key, each answer in its documented form', async () => {
    const made = await call(create, 'POST', '/api/v1/api-keys', { body: input })
    expect(made.status).toBe(201)
    const { key, ...facts } = NewApiKey.parse(made.body)
    expect(key).toMatch(/^twigsk_live_[0-9A-Za-z]{52}$/)
    const { id } = facts
    const path = `/api/v1/api-keys/${id}`

    const all = await call(list, 'GET', '/api/v1/api-keys')
    expect(listOf(ApiKey).parse(all.body).data).toEqual([facts])
    expect((await call(GET, 'GET', path, { id })).body).toEqual(facts)

    const changed = await call(PATCH, 'PATCH', path, { id, body: { name: 'Reader', scopes: ['read'] } })
    expect(changed).toMatchObject({ status: 200, body: { ...facts, name: 'Reader', scopes: ['read'] } })
    const wider = await call(PATCH, 'PATCH', path, { id, body: { scopes: ['read', 'write'] } })
    expect(wider).toMatchObject({
      status: 400,
      body: {
        code: 'invalid_request',
        fields: { scopes: 'Scopes can only be narrowed; make a new key for more.' },
      },
    })

    const rotated = await call(rotate, 'POST', `${path}/rotate`, { id, body: { grace: '1h' } })
    expect(rotated.status).toBe(201)
    const successor = NewApiKey.parse(rotated.body)
    expect(successor).toMatchObject({ name: 'Reader', scopes: ['read'], rotated_from: id })
    const again = await call(rotate, 'POST', `${path}/rotate`, { id, body: {} })
    expect(again).toMatchObject({ status: 409, body: { code: 'conflict', rotated_to: successor.id } })

    const deleted = await call(DELETE, 'DELETE', path, { id })
    expect(deleted.status).toBe(200)
    const receipt = RevocationReceipt.parse(deleted.body)
    const twice = await call(DELETE, 'DELETE', path, { id })
    expect(twice).toMatchObject({ status: 200, body: { id, revoked_at: receipt.revoked_at } })
    expect(await call(GET, 'GET', path, { id })).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  test('shows the full key in no answer but the first', async () => {
    const { key, id } = (await call(create, 'POST', '/api/v1/api-keys', { body: input })).body
    const path = `/api/v1/api-keys/${id}`
    const answers = [
      await call(list, 'GET', '/api/v1/api-keys'),
      await call(GET, 'GET', path, { id }),
      await call(PATCH, 'PATCH', path, { id, body: { name: 'x' } }),
      await call(usage, 'GET', `${path}/usage`, { id }),
      await call(DELETE, 'DELETE', path, { id }),
    ]
    for (const { body } of answers) {
      expect(JSON.stringify(body)).not.toContain(key.slice(24, 56))
      expect(body).not.toHaveProperty('key')
    }
  })

  test('an Idempotency-Key makes one key, and gives it in full again', async () => {
    const headers = { 'idempotency-key': 'make-one' }
    const first = await call(create, 'POST', '/api/v1/api-keys', { body: input, headers })
    const again = await call(create, 'POST', '/api/v1/api-keys', { body: input, headers })
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect(again.headers.get('idempotent-replayed')).toBe('true')

    const { id } = first.body
    const turn = () =>
      call(rotate, 'POST', `/api/v1/api-keys/${id}/rotate`, { id, body: { grace: '7d' }, headers })
    const successor = await turn()
    expect(await turn()).toMatchObject({ status: 201, body: successor.body })
  })

  test('says 503 with the receipt and Retry-After when a cache could not be told, and nothing of a key', async () => {
    const { id } = await plantKey(organizationId)
    const path = `/api/v1/api-keys/${id}`
    const disabled = await withoutRedis(() => call(PATCH, 'PATCH', path, { id, body: { disabled: true } }))
    expect(disabled).toMatchObject({
      status: 503,
      body: { code: 'revocation_pending', id, effective_at: expect.any(String), request_id: 'req_test' },
    })
    const deleted = await withoutRedis(() => call(DELETE, 'DELETE', path, { id }))
    expect(deleted).toMatchObject({ status: 503, body: { code: 'revocation_pending', id } })
    expect(deleted.headers.get('retry-after')).toBe('5')
    const { revoked_at } = RevocationReceipt.parse(deleted.body)
    expect(await call(DELETE, 'DELETE', path, { id })).toMatchObject({ status: 200, body: { revoked_at } })
  })

  test('gives the usage of a key as JSON, or as CSV where it is asked for, and its single requests', async () => {
    const { id } = await plantKey(organizationId)
    const path = `/api/v1/api-keys/${id}`
    const json = await call(usage, 'GET', `${path}/usage?period=7d`, { id })
    expect(json.status).toBe(200)
    expect(UsageReport.parse(json.body)).toMatchObject({ key_id: id, period: '7d' })
    const csv = await call(usage, 'GET', `${path}/usage?format=csv`, { id })
    expect(csv.status).toBe(200)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(csv.body).toContain(',')
    const requests = await call(listRequests, 'GET', `${path}/requests?limit=1`, { id })
    expect(requests).toMatchObject({ status: 200, body: { data: [], has_more: false, next_cursor: null } })
    expect(await call(usage, 'GET', `${path}/usage?period=1y`, { id })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', fields: { period: expect.any(String) } },
    })
  })

  const routes: [string, Handler, string, string, unknown][] = [
    ['list', list, 'GET', '', undefined],
    ['create', create, 'POST', '', input],
    ['get', GET, 'GET', '/key_1', undefined],
    ['change', PATCH, 'PATCH', '/key_1', { disabled: true }],
    ['rotate', rotate, 'POST', '/key_1/rotate', {}],
    ['delete', DELETE, 'DELETE', '/key_1', undefined],
    ['usage', usage, 'GET', '/key_1/usage', undefined],
    ['requests', listRequests, 'GET', '/key_1/requests', undefined],
  ]

  test.each(routes)(
    '%s needs the scope admin behind the gate too',
    async (_name, handler, method, rest, body) => {
      const options = { scopes: ['read', 'write', 'execute'] as Scope[], id: 'key_1', body }
      expect(await call(handler, method, `/api/v1/api-keys${rest}`, options)).toMatchObject({
        status: 403,
        body: { code: 'insufficient_scope', required_scope: 'admin' },
      })
    },
  )

  test.each(routes.slice(2))(
    '%s finds no key of another organization',
    async (_name, handler, method, rest, body) => {
      const { organization } = await tenant()
      const { id } = await plantKey(organization.id)
      const path = `/api/v1/api-keys${rest.replace('key_1', id)}`
      const foreign = await call(handler, method, path, { id, body })
      const never = await call(handler, method, path.replace(id, 'key_none'), { id: 'key_none', body })
      expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } })
      expect(foreign.body).toEqual(never.body)
    },
  )
})
