import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ApiRequest, type Outcomes, UsageReport, usageOutcomes, usagePeriods } from '../core/key-schemas'
import type { Principal } from '../core/principal'
import { outcomeOf, REFUSED_KEPT_MAX, type UsageEvent } from '../core/usage'
import { usageCsv } from '../core/usage-csv'
import { usageWindow } from '../core/usage-periods'
import { db } from '../store/db'
import { keyOf, personOf } from './testing/tenants'
import { anyEvents, batchOf, eventOf, keyInUse } from './testing/usage-events'
import { apiKeyRequests, apiKeyUsage, keyUseToday } from './usage'
import { writeUsage } from './usage-recorder'

const DAY_MS = 86_400_000
const dayOf = (ms: number) => Math.floor(ms / DAY_MS)

async function writeAll(events: UsageEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += 90)
    await writeUsage(batchOf(events.slice(from, from + 90)))
}

/** The single requests of a key, page by page. */
async function everyRequest(principal: Principal, id: string, limit: number): Promise<ApiRequest[]> {
  const all: ApiRequest[] = []
  let cursor: string | undefined
  do {
    const page = await apiKeyRequests(principal, { id, limit, cursor })
    expect(page.data.length).toBeLessThanOrEqual(limit)
    all.push(...page.data)
    cursor = page.next_cursor ?? undefined
    expect(page.has_more).toBe(cursor !== undefined)
  } while (cursor)
  return all
}

function tally<T>(events: readonly T[], nameOf: (event: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const event of events) counts[nameOf(event)] = (counts[nameOf(event)] ?? 0) + 1
  return counts
}

function outcomesOf(events: readonly UsageEvent[]): Outcomes {
  const none = Object.fromEntries(usageOutcomes.map((outcome) => [outcome, 0])) as Outcomes
  return { ...none, ...tally(events, ({ status, admitted }) => outcomeOf(status, admitted)) }
}

/** Exact nearest-rank percentiles in milliseconds. */
function exactly(events: readonly UsageEvent[]) {
  const sorted = events.map(({ latencyUs }) => latencyUs / 1000).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

function expectClose(found: UsageReport['totals']['latency_ms'], events: readonly UsageEvent[]): void {
  const exact = exactly(events)
  for (const name of ['p50', 'p95', 'p99'] as const) {
    expect(Math.abs((found?.[name] ?? -1) - exact[name])).toBeLessThanOrEqual(
      Math.max(exact[name] * 0.02, 0.001),
    )
  }
}

/** What a person would count, compared with what the report says. */
function expectAgreement(report: UsageReport, all: readonly UsageEvent[], nowMs: number): void {
  const window = usageWindow(report.period, nowMs)
  const events = all.filter(({ timeMs }) => timeMs >= window.fromMs)
  expect(UsageReport.parse(report)).toEqual(report)
  expect(report.totals.requests).toBe(events.length)
  expect(report.totals.outcomes).toEqual(outcomesOf(events))
  if (events.length > 0) expectClose(report.totals.latency_ms, events)
  else expect(report.totals.latency_ms).toBeNull()

  expect(report.series).toHaveLength(window.steps)
  report.series.forEach(({ time, outcomes }, i) => {
    const fromMs = window.fromMs + i * window.stepSeconds * 1000
    expect(Date.parse(time)).toBe(fromMs)
    const toMs = fromMs + window.stepSeconds * 1000
    expect(outcomes).toEqual(outcomesOf(events.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs)))
  })

  const name = (row: { method: string; endpoint: string; status: number; code: string | null }) =>
    [row.method, row.endpoint, row.status, row.code ?? ''].join(' ')
  expect(Object.fromEntries(report.endpoints.map((row) => [name(row), row.requests]))).toEqual(
    tally(events, name),
  )
  for (const row of report.endpoints) {
    expectClose(
      row.latency_ms,
      events.filter((event) => name(event) === name(row)),
    )
  }
  const ordered = report.endpoints.map(({ requests }) => requests)
  expect(ordered).toEqual([...ordered].sort((a, b) => b - a))

  const caller = (ip: string, agent: string) => JSON.stringify([ip, agent])
  const seen = new Set(events.map((event) => caller(event.clientIp, event.userAgent)))
  const byDay = all.filter((event) => {
    const sameDay = (other: UsageEvent) =>
      dayOf(other.timeMs) === dayOf(event.timeMs) &&
      caller(other.clientIp, other.userAgent) === caller(event.clientIp, event.userAgent)
    return events.some(sameDay)
  })
  expect(new Set(report.callers.map((row) => caller(row.client_ip, row.user_agent)))).toEqual(seen)
  expect(
    Object.fromEntries(report.callers.map((row) => [caller(row.client_ip, row.user_agent), row.requests])),
  ).toEqual(tally(byDay, (event) => caller(event.clientIp, event.userAgent)))

  const month = all.filter(({ timeMs, admitted }) => admitted && dayOf(timeMs) > dayOf(nowMs) - 30)
  const unused = { read: 0, write: 0, execute: 0, admin: 0 }
  expect(report.scopes_used).toEqual({ ...unused, ...tally(month, ({ scope }) => scope) })
  const today = all.filter(({ timeMs }) => dayOf(timeMs) === dayOf(nowMs))
  const callersToday = new Set(today.map((event) => caller(event.clientIp, event.userAgent)))
  expect(report.today).toEqual({ requests: today.length, callers: callersToday.size })
  const admitted = all.filter((event) => event.admitted).map(({ timeMs }) => timeMs)
  expect(report.last_used_at).toBe(admitted.length ? new Date(Math.max(...admitted)).toISOString() : null)
}

describe('a report', () => {
  test('of any events and period agrees with a naive count, and so do its CSV and the list of requests', async () => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), fc.integer({ min: 7, max: 200 }), async (gen, limit) => {
        const { keyId, operator } = await keyInUse()
        const now = new Date()
        const nowMs = now.getTime()
        const events = gen(() => anyEvents(keyId, nowMs))
        await writeAll(events)
        for (const period of usagePeriods) {
          const report = await apiKeyUsage(operator, { id: keyId, period }, now)
          expectAgreement(report, events, nowMs)
          const lines = usageCsv(report).split('\r\n').slice(1, -1)
          const requests = lines.reduce((sum, line) => sum + Number(line.split(',')[4]), 0)
          expect([lines.length, requests]).toEqual([report.endpoints.length, report.totals.requests])
        }
        const recent = events.filter(({ timeMs }) => timeMs > nowMs - 30 * DAY_MS)
        const listed = await everyRequest(operator, keyId, limit)
        const shown = recent.map((event) => ({
          id: event.requestId,
          time: new Date(event.timeMs).toISOString(),
          method: event.method,
          path: event.path,
          status: event.status,
          code: event.code || null,
          latency_ms: event.latencyUs / 1000,
          client_ip: event.clientIp || null,
          user_agent: event.userAgent,
        }))
        const newestFirst = shown.sort((a, b) => (`${b.time} ${b.id}` > `${a.time} ${a.id}` ? 1 : -1))
        const refused = new Set(recent.filter((event) => !event.admitted).map((event) => event.requestId))
        const told = new Set(listed.map(({ id }) => id))
        expect(listed).toEqual(newestFirst.filter(({ id }) => told.has(id) || !refused.has(id)))
        const refusedByMinute = (rows: readonly { id: string; time: string }[]) =>
          tally(
            rows.filter(({ id }) => refused.has(id)),
            ({ time }) => time.slice(0, 16),
          )
        const most = Object.entries(refusedByMinute(shown)).map(([minute, count]) => [
          minute,
          Math.min(count, REFUSED_KEPT_MAX),
        ])
        expect(refusedByMinute(listed)).toEqual(Object.fromEntries(most))
        expect(listed.map((row) => ApiRequest.parse(row))).toEqual(listed)
      }),
      { numRuns: 6, endOnFailure: true },
    )
  }, 120_000)

  test.each(usagePeriods)('of %s begins with its first step, to the millisecond', async (period) => {
    const { keyId, operator } = await keyInUse()
    // No step of an hour or a day ends here, so that each of the tables has a part of the window.
    const now = new Date('2026-03-02T10:44:30.500Z')
    const { fromMs } = usageWindow(period, now.getTime())
    const events = [-DAY_MS / 4, -60_000, -1, 0, 59_999].map((ms) => eventOf(keyId, { timeMs: fromMs + ms }))
    await writeAll(events)
    expectAgreement(await apiKeyUsage(operator, { id: keyId, period }, now), events, now.getTime())
  })

  test('of a key that was never used is empty, with every step there', async () => {
    const { keyId, operator } = await keyInUse()
    for (const period of usagePeriods) {
      const now = new Date()
      expectAgreement(await apiKeyUsage(operator, { id: keyId, period }, now), [], now.getTime())
    }
  })

  test('tells how full the buckets are', async () => {
    const { keyId, operator } = await keyInUse()
    const { buckets } = await apiKeyUsage(operator, { id: keyId, period: '1h' })
    expect(buckets?.map(({ scope, limit, remaining }) => [scope, limit, remaining])).toEqual([
      ['read', 200, 200],
      ['write', 10, 10],
      ['execute', 100, 100],
      ['admin', 50, 50],
    ])
  })

  test('tells a hundred callers apart and adds up the rest, which is never lost', async () => {
    const { keyId, operator } = await keyInUse()
    const timeMs = Date.now()
    const agents = Array.from({ length: 130 }, (_, n) => eventOf(keyId, { timeMs, userAgent: `agent ${n}` }))
    const busy = Array.from({ length: 20 }, () => eventOf(keyId, { timeMs, userAgent: 'agent 129' }))
    await writeAll([...agents, ...busy])
    const { callers } = await apiKeyUsage(operator, { id: keyId, period: '30d' })
    expect(callers).toHaveLength(101)
    expect(callers.reduce((sum, { requests }) => sum + requests, 0)).toBe(150)
    expect(callers.find(({ client_ip }) => client_ip === 'other')).toMatchObject({
      user_agent: '',
      requests: 30,
    })
    expect(callers.find(({ user_agent }) => user_agent === 'agent 129')?.requests).toBe(21)
    expect(await keyUseToday(operator, { id: keyId })).toEqual({ requests: 150, callers: 130 })
  })
})

describe('the list of requests', () => {
  test('is stable while requests are added', async () => {
    const { keyId, operator } = await keyInUse()
    const timeMs = Date.now() - 60_000
    await writeAll(Array.from({ length: 30 }, (_, n) => eventOf(keyId, { timeMs: timeMs + (n >> 2) })))
    const first = await apiKeyRequests(operator, { id: keyId, limit: 10 })
    await writeAll([eventOf(keyId), eventOf(keyId)])
    const second = await apiKeyRequests(operator, { id: keyId, limit: 20, cursor: first.next_cursor ?? '' })
    const ids = [...first.data, ...second.data].map(({ id }) => id)
    expect(new Set(ids).size).toBe(30)
    expect(second.has_more).toBe(false)
  })

  test('goes back thirty days', async () => {
    const { keyId, operator } = await keyInUse()
    const timeMs = Date.now() - 10 * DAY_MS
    await writeAll([eventOf(keyId, { timeMs })])
    const listed = async (now: Date) =>
      (await apiKeyRequests(operator, { id: keyId, limit: 5 }, now)).data.length
    expect(await listed(new Date(timeMs + 30 * DAY_MS - 1))).toBe(1)
    expect(await listed(new Date(timeMs + 30 * DAY_MS))).toBe(0)
  })

  test('refuses a cursor that it did not give', async () => {
    const { keyId, operator } = await keyInUse()
    const asked = apiKeyRequests(operator, { id: keyId, limit: 5, cursor: 'nonsense' })
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request' })
  })
})

describe('who may see it', () => {
  const views = [
    ['report', (principal: Principal, id: string) => apiKeyUsage(principal, { id, period: '24h' })],
    ['list', (principal: Principal, id: string) => apiKeyRequests(principal, { id, limit: 5 })],
    ['day', (principal: Principal, id: string) => keyUseToday(principal, { id })],
  ] as const

  test.each(views)(
    '%s: another organization’s key is not found, exactly like one that never was',
    async (_name, view) => {
      const [mine, theirs] = [await keyInUse(), await keyInUse()]
      await writeAll([eventOf(theirs.keyId)])
      const refusal = (id: string) =>
        view(mine.operator, id).then(Object, (error: Error) => ({ ...error, says: error.message }))
      expect(await refusal(theirs.keyId)).toEqual(await refusal('key_000000000000'))
      await expect(view(mine.operator, theirs.keyId)).rejects.toMatchObject({ code: 'not_found' })
    },
  )

  test.each(views)('%s: the organization’s own deleted key is still there', async (_name, view) => {
    const { keyId, operator } = await keyInUse()
    await db().apiKey.update({ where: { id: keyId }, data: { revokedAt: new Date() } })
    await expect(view(operator, keyId)).resolves.toBeTypeOf('object')
  })

  test.each(views)('%s: members may, viewers and keys without admin may not', async (_name, view) => {
    const { keyId, organizationId } = await keyInUse()
    await expect(view(await personOf(organizationId, 'member'), keyId)).resolves.toBeTypeOf('object')
    await expect(view(keyOf(organizationId, ['admin']), keyId)).resolves.toBeTypeOf('object')
    await expect(view(await personOf(organizationId, 'viewer'), keyId)).rejects.toMatchObject({
      code: 'insufficient_role',
    })
    const narrow = keyOf(organizationId, ['read', 'write', 'execute'])
    await expect(view(narrow, keyId)).rejects.toMatchObject({ code: 'insufficient_scope' })
  })
})
