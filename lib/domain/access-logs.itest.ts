import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newId } from '../core/ids'
import { ListAccessLogsQuery } from '../core/protection-schemas'
import { backgroundSettled } from '../store/background'
import { db } from '../store/db'
import { exportAccessLogs, findAccessLogs, listAccessLogs, sweepAccessLogs } from './access-logs'
import { countSignIn } from './sign-in-blocks'
import { blockingWorld, blockOf, written } from './testing/blocked-events'
import { plantKey } from './testing/keys'
import { refusedWith } from './testing/refused-with'
import { keyOf, personOf } from './testing/tenants'
import { batchOf, eventOf } from './testing/usage-events'
import { signInAttempt } from './throttle'
import { flushUsage, recordBlocked, writeUsage } from './usage-recorder'

const DAY_MS = 86_400_000

const everything = ListAccessLogsQuery.parse({})

describe('a blocked attempt', () => {
  test('can be read at once after it was written, with all that was noted, by its organization alone', async () => {
    const { operator, organizationId, keyId } = await blockingWorld()
    const stranger = await blockingWorld()
    const event = blockOf({ keyId, path: '/v1/agents?secret' })
    recordBlocked(event)
    recordBlocked(blockOf({ organizationId, userId: 'user_1', reason: 'allowlist', path: '/agents' }))
    await flushUsage()
    const { data } = await listAccessLogs(operator, everything)
    expect(data).toHaveLength(2)
    expect(data.find((row) => row.key_id)).toEqual({
      id: expect.stringMatching(/^block_/),
      time: new Date(event.timeMs).toISOString(),
      last_seen_at: new Date(event.timeMs).toISOString(),
      count: 1,
      client_ip: '198.51.100.7',
      reason: 'allowlist',
      code: 'ip_not_allowed',
      key_id: keyId,
      user_id: null,
      method: 'GET',
      path: '/v1/agents?secret',
      user_agent: 'curl/8.5.0',
      request_id: event.requestId,
    })
    expect(await listAccessLogs(stranger.operator, everything)).toMatchObject({ data: [] })
  })

  test('of a key that does not exist belongs to nobody, and a batch that comes twice is written once', async () => {
    const { operator, keyId, organizationId } = await blockingWorld()
    const batch = {
      ...batchOf([eventOf(keyId, { status: 403, code: 'ip_not_allowed', admitted: false })]),
      blocked: [blockOf({ keyId }), blockOf({ keyId: 'key_nobody', organizationId })],
    }
    await writeUsage(batch)
    await writeUsage(batch)
    const { data } = await listAccessLogs(operator, everything)
    expect(data.map((row) => [row.key_id, row.count])).toEqual([[keyId, 1]])
  })

  test('with what Postgres cannot keep is kept without it', async () => {
    const { operator, organizationId } = await blockingWorld()
    recordBlocked(blockOf({ organizationId, userAgent: 'a\0b\ud800c\r\n\u2028', path: '/x\0' }))
    recordBlocked({ ...blockOf({ organizationId }), timeMs: Number.NaN })
    await flushUsage()
    const { data } = await listAccessLogs(operator, everything)
    expect(data.map(({ user_agent }) => user_agent)).toContain('abc\r\n\u2028')
  })
})

describe('the list', () => {
  test('shows the last hour live, and rows from before attempts were counted as one attempt each', async () => {
    const { operator, organizationId } = await blockingWorld()
    const nowMs = Date.now()
    const at = (minutes: number) => blockOf({ organizationId, timeMs: nowMs - minutes * 60_000 })
    await written([at(59), at(61)])
    await db().accessLog.updateMany({ where: { organizationId }, data: { lastSeenAt: null } })
    const { data } = await findAccessLogs(operator, { limit: 20, live: 'on', period: '30d' }, new Date(nowMs))
    const time = new Date(nowMs - 59 * 60_000).toISOString()
    expect(data).toMatchObject([{ time, last_seen_at: time, count: 1 }])
    expect((await exportAccessLogs(operator, { live: 'on' })).text.trim().split('\r\n')).toHaveLength(2)
  })

  test('is narrowed by reason, address in any form, key, person and time, and paged without gaps while rows are added', async () => {
    const { operator, organizationId, keyId } = await blockingWorld()
    const nowMs = Date.now()
    await written([
      blockOf({ keyId, timeMs: nowMs - 1_000 }),
      blockOf({ keyId, reason: 'revoked_key', code: 'revoked_api_key', timeMs: nowMs - 2_000 }),
      blockOf({ organizationId, userId: 'user_1', clientIp: '2001:db8::1', timeMs: nowMs - 3_000 }),
      blockOf({ organizationId, clientIp: null, reason: 'unknown_address', timeMs: nowMs - 4_000 }),
    ])
    const count = async (query: Partial<ListAccessLogsQuery>) =>
      (await listAccessLogs(operator, { ...everything, ...query })).data.length
    expect(await count({ reason: 'revoked_key' })).toBe(1)
    expect(await count({ client_ip: '2001:0DB8:0::1' })).toBe(1)
    expect(await count({ client_ip: '::ffff:198.51.100.7' })).toBe(2)
    expect(await count({ key_id: keyId })).toBe(2)
    expect(await count({ user_id: 'user_1' })).toBe(1)
    expect(await count({ from: new Date(nowMs - 2_500).toISOString() })).toBe(2)
    expect(await count({ to: new Date(nowMs - 2_500).toISOString() })).toBe(2)
    expect((await findAccessLogs(operator, { ...everything, key: keyId, period: '24h' })).data).toHaveLength(
      2,
    )
    const first = await listAccessLogs(operator, { limit: 2 })
    await written([blockOf({ keyId })])
    const second = await listAccessLogs(operator, { limit: 2, cursor: first.next_cursor ?? '' })
    const reasons = [...first.data, ...second.data].map(({ reason }) => reason)
    expect(reasons).toEqual(['allowlist', 'revoked_key', 'allowlist', 'unknown_address'])
    expect(second.has_more).toBe(false)
  })

  test('is for admins and keys of scope admin; a Test key sees Test keys alone', async () => {
    const { operator, organizationId, keyId } = await blockingWorld()
    const test = await plantKey(organizationId, { environment: 'test' })
    await written([blockOf({ keyId }), blockOf({ keyId: test.id, environment: 'test' })])
    await refusedWith(
      'insufficient_role',
      listAccessLogs(await personOf(organizationId, 'member'), everything),
    )
    await refusedWith('insufficient_scope', listAccessLogs(keyOf(organizationId, ['read']), everything))
    const seen = async (environment: 'live' | 'test') =>
      (await listAccessLogs(keyOf(organizationId, ['admin'], environment), everything)).data
    expect(await seen('live')).toHaveLength(2)
    expect((await seen('test')).map(({ key_id }) => key_id)).toEqual([test.id])
    expect((await listAccessLogs(operator, everything)).data).toHaveLength(2)
  })

  test('as CSV runs in no spreadsheet, whatever strangers sent', async () => {
    const { operator, organizationId } = await blockingWorld()
    const hostile = ['=cmd|a', '+1', '-1', '@x', '\tx', '\rx', 'a"b,c\nd']
    await written(hostile.map((userAgent, i) => blockOf({ organizationId, userAgent, path: `/${i}` })))
    const { name, text } = await exportAccessLogs(operator, {})
    expect(name).toMatch(/^access-logs-\d{4}-\d\d-\d\d\.csv$/)
    expect(text.startsWith('id,time,client_ip,reason,explanation,code,')).toBe(true)
    expect(text).toContain(',request_id,count,last_seen_at\r\n')
    for (const cell of ["'=cmd|a", "'+1", "'-1", "'@x", "'\tx", '"\'\rx"', '"a""b,c\nd"'])
      expect(text).toContain(cell)
  })
})

test('sweeping drops what is older than a month and nothing younger', async () => {
  const { operator, organizationId } = await blockingWorld()
  const nowMs = Date.now()
  const at = (agoMs: number) => ({ ...blockOf({ organizationId, timeMs: nowMs - agoMs }) })
  await written([at(0), at(29 * DAY_MS)])
  await writeUsage({ ...batchOf([]), blocked: [at(45 * DAY_MS)] }, new Date(nowMs - 45 * DAY_MS))
  await sweepAccessLogs(new Date(nowMs))
  expect(await db().accessLog.count({ where: { organizationId } })).toBe(2)
  expect((await listAccessLogs(operator, everything, new Date(nowMs + 2 * DAY_MS))).data).toHaveLength(1)
})

test('throttled sign-ins stand in the log of every organization of their account, a row a minute and address with their exact count, and of nobody else’s', async () => {
  const { organizationId, operator } = await blockingWorld()
  const person = await personOf(organizationId, 'member')
  const { email } = await db().user.findUniqueOrThrow({ where: { id: person.userId } })
  const clientIp = `198.51.${randomBytes(1)[0]}.${randomBytes(1)[0]}`
  const origin = { clientIp, userAgent: 'Firefox', requestId: newId('req') }
  const guess = (address: string) =>
    countSignIn(signInAttempt({ email: address, clientIp, known: false }), address, origin, '/login')
  for (let i = 0; i < 10; i++) await guess(email)
  for (let i = 0; i < 5; i++) await refusedWith('too_many_failed_attempts', guess(email))
  for (let i = 0; i < 11; i++) await guess(`nobody-${organizationId}@example.com`).catch(() => null)
  await backgroundSettled()
  await flushUsage()
  const { data } = await listAccessLogs(operator, everything)
  expect(data.length).toBeGreaterThan(0)
  expect(data.length).toBeLessThanOrEqual(2)
  expect(data.reduce((sum, { count }) => sum + count, 0)).toBe(5)
  expect(data[0]).toMatchObject({
    user_id: person.userId,
    reason: 'sign_in_throttle',
    code: 'too_many_failed_attempts',
    client_ip: clientIp,
    user_agent: 'Firefox',
    method: 'POST',
    path: '/login',
  })
})
