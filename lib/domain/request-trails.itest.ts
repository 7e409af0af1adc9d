import { describe, expect, test } from 'vitest'
import { RequestIdInput, RequestTrail } from '../core/explain-schemas'
import { db } from '../store/db'
import { findableRequests, findRequest } from './request-trails'
import { personOf, tenant } from './testing/tenants'
import { batchOf, eventOf, keyInUse } from './testing/usage-events'
import { writeUsage } from './usage-recorder'

const DAY_MS = 86_400_000

const { keyId, organizationId, operator } = await keyInUse()
const member = await personOf(organizationId, 'member')

describe('a request found by its id', () => {
  async function made(changes: Parameters<typeof eventOf>[1], now = new Date()) {
    const event = eventOf(keyId, { timeMs: now.getTime(), ...changes })
    await writeUsage(batchOf([event]), now)
    return event.requestId
  }

  const find = async (id: string) => RequestTrail.parse(await findRequest(member, { id }))

  test('that was answered passed every step', async () => {
    const id = await made({})
    const found = await find(id)
    expect(found).toMatchObject({ id, status: 200, code: null, failed_at: null, admitted: true })
    expect(found.key).toMatchObject({ id: keyId, state: 'active' })
    expect(found.steps.at(-1)).toEqual({
      step: 'answer',
      outcome: 'passed',
      detail: 'It was answered with 200.',
    })
    expect(found.steps.find(({ step }) => step === 'address')?.detail).toContain('192.0.2.7')
  })

  test('that was refused is marked where, in the words that the caller read', async () => {
    const message = 'POST /query needs execute; this key has read. Make a key with execute.'
    const refused = {
      method: 'POST',
      endpoint: '/query',
      path: '/query',
      scope: 'execute',
      admitted: false,
    } as const
    const id = await made({ ...refused, status: 403, code: 'insufficient_scope', message })
    const found = await find(id)
    expect(found.failed_at).toBe('scope')
    expect(found.steps.find(({ outcome }) => outcome === 'failed')).toEqual({
      step: 'scope',
      outcome: 'failed',
      detail: message,
    })
    expect(found.steps.find(({ step }) => step === 'bucket')?.outcome).toBe('not_reached')
  })

  test('of the other environment’s API is shown as that', async () => {
    const id = await made({ status: 401, code: 'wrong_environment', admitted: false })
    const found = await find(id)
    expect(found.failed_at).toBe('environment')
    expect(found.steps.find(({ step }) => step === 'route')?.detail).toContain('Test API')
  })

  test('that the work refused is marked at its answer', async () => {
    const id = await made({
      path: '/agents/agent_1',
      status: 404,
      code: 'not_found',
      message: 'No such agent.',
    })
    const found = await find(id)
    expect(found).toMatchObject({ failed_at: 'answer', admitted: true })
    expect(found.steps.at(-1)?.detail).toBe('No such agent.')
  })

  test('is found for 30 days, whatever its day', async () => {
    const now = Date.now()
    for (const days of [0, 1, 15, 29]) {
      const id = await made({}, new Date(now - days * DAY_MS))
      expect((await find(id)).id).toBe(id)
    }
    const old = await made({}, new Date(now - 30 * DAY_MS - 1_000))
    await expect(find(old)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('is told from those that nobody finds, for lists that name requests', async () => {
    const [id, old] = [await made({}), await made({}, new Date(Date.now() - 31 * DAY_MS))]
    const asked = [id, old, null, 'req_never0000000000000']
    expect(await findableRequests(member, asked)).toEqual(new Set([id]))
    expect(await findableRequests(member, [null])).toEqual(new Set())
    expect(await findableRequests((await tenant()).operator, asked)).toEqual(new Set())
    const viewer = await personOf(organizationId, 'viewer')
    await expect(findableRequests(viewer, asked)).rejects.toMatchObject({ code: 'insufficient_role' })
  })

  test('of another organization is not found here, nor one that never was, nor by a viewer', async () => {
    const id = await made({})
    const { operator: stranger, organization: other } = await tenant()
    await expect(findRequest(stranger, { id })).rejects.toMatchObject({ code: 'not_found' })
    await expect(find('req_never0000000000000')).rejects.toMatchObject({ code: 'not_found' })
    await expect(find('req_never0000000000000')).rejects.toThrow(
      /within a minute, the first 100 requests are kept/,
    )
    const viewer = await personOf(organizationId, 'viewer')
    await expect(findRequest(viewer, { id })).rejects.toMatchObject({ code: 'insufficient_role' })
    expect((await findRequest(operator, { id })).id).toBe(id)
    // It is the request's own organization that counts, not the key's alone.
    await db().apiRequest.updateMany({ where: { id }, data: { organizationId: other.id } })
    await expect(find(id)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('is asked for by an id of a request and nothing else', () => {
    expect(RequestIdInput.parse({ id: ' req_abc ' })).toEqual({ id: 'req_abc' })
    for (const id of ['', 'abc', 'int_abc', "req_'; --", `req_${'a'.repeat(100)}`, { not: '' }]) {
      expect(RequestIdInput.safeParse({ id }).success).toBe(false)
    }
  })
})
