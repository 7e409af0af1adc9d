import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { newId } from '../../core/ids'
import type { UsageBatch, UsageEvent } from '../../core/usage'
import { db } from '../../store/db'
import { tenant } from './tenants'

/** A key's row, without the cost of a secret that fits it. Returns its id. */
export async function keyIn(organizationId: string): Promise<string> {
  const id = `key_${randomBytes(6).toString('hex')}`
  const facts = {
    name: 'Test',
    environment: 'live' as const,
    start: 'aaaa',
    last4: 'zzzz',
    secretHash: 'none',
  }
  await db().apiKey.create({ data: { id, organizationId, scopes: ['read'], ...facts } })
  return id
}

/** The same in an organization of its own. */
export async function keyInUse() {
  const { organization, operator } = await tenant()
  return { keyId: await keyIn(organization.id), organizationId: organization.id, operator }
}

/** A successful GET of a key, just now, but for what is said otherwise. */
export function eventOf(keyId: string, changes: Partial<UsageEvent> = {}): UsageEvent {
  return {
    requestId: newId('req'),
    timeMs: Date.now(),
    keyId,
    method: 'GET',
    endpoint: '/agents',
    path: '/agents',
    scope: 'read',
    status: 200,
    code: '',
    admitted: true,
    latencyUs: 1_500,
    clientIp: '192.0.2.7',
    userAgent: 'curl/8.5.0',
    ...changes,
  }
}

/** Events as a batch of its own. */
export function batchOf(events: UsageEvent[]): UsageBatch {
  return { id: newId('batch'), events }
}

const endings = fc.constantFrom(
  { status: 200, code: '', admitted: true },
  { status: 204, code: '', admitted: true },
  { status: 404, code: 'not_found', admitted: true },
  { status: 400, code: 'invalid_request', admitted: true },
  { status: 500, code: 'internal_error', admitted: true },
  { status: 401, code: 'disabled_api_key', admitted: false },
  { status: 403, code: 'insufficient_scope', admitted: false },
  { status: 429, code: 'rate_limit_exceeded', admitted: false },
)
const endpoints = fc.constantFrom(
  { method: 'GET', endpoint: '/agents', scope: 'read' as const },
  { method: 'GET', endpoint: '/agents/{id}', scope: 'read' as const },
  { method: 'POST', endpoint: '/agents', scope: 'write' as const },
  { method: 'POST', endpoint: '/query', scope: 'execute' as const },
  { method: 'GET', endpoint: '/api-keys', scope: 'admin' as const },
)

/** Any events of a key in the days before a moment, older ones rarer. */
export function anyEvents(keyId: string, nowMs: number): fc.Arbitrary<UsageEvent[]> {
  const ago = fc.double({ min: 0, max: Math.log(95 * 86_400_000), noNaN: true }).map(Math.exp)
  const one = fc.record({
    ending: endings,
    endpoint: endpoints,
    agoMs: ago,
    latencyUs: fc.integer({ min: 0, max: 20_000_000 }),
    clientIp: fc.constantFrom('192.0.2.7', '2001:db8::1', ''),
    userAgent: fc.constantFrom('curl/8.5.0', 'a "quoted", agent\r\n', '😀'),
  })
  return fc
    .array(one, { minLength: 1, maxLength: 400, size: 'max' })
    .map((list) =>
      list.map(({ ending, endpoint, agoMs, ...rest }) =>
        eventOf(keyId, { ...ending, ...endpoint, ...rest, timeMs: Math.floor(nowMs - agoMs) }),
      ),
    )
}
