import { addLatency, type LatencySketch } from './latency'
import type { Scope } from './principal'
import type { UsageEvent } from './usage'

const MINUTE_MS = 60_000
const HALF_HOUR_MS = 1_800_000
const DAY_MS = 86_400_000

/** Requests alike in everything that a row of usage_minutes is told apart by, or of half hours or days. Named as the columns are. */
export interface UsageCount {
  key_id: string
  /** Start of the minute, half hour or UTC day. */
  time: string
  method: string
  endpoint: string
  scope: Scope
  status: number
  code: string
  admitted: boolean
  requests: number
  latency: LatencySketch
}

/** Requests of one caller with one key on one UTC day. Named as the columns are. */
export interface CallerCount {
  key_id: string
  day: string
  client_ip: string
  user_agent: string
  /** Whether any of them was let through. */
  admitted: boolean
  requests: number
  last_seen_at: string
}

/** Requests from one address with all keys of an organization on one UTC day. Named as the columns are. */
export interface AddressCount {
  organization_id: string
  day: string
  client_ip: string
  admitted: boolean
  requests: number
  last_seen_at: string
}

/** What a batch adds to the tables, one entry a row. */
export interface UsageCounts {
  minutes: UsageCount[]
  halfHours: UsageCount[]
  days: UsageCount[]
  callers: CallerCount[]
  /** The newest admitted request of each key. */
  lastUses: { key_id: string; last_used_at: string }[]
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** Events of the same name are folded into one entry. */
function fold<T>(
  events: readonly UsageEvent[],
  nameOf: (event: UsageEvent) => unknown[],
  begin: (event: UsageEvent) => T,
  add: (entry: T, event: UsageEvent) => void,
): T[] {
  const entries = new Map<string, T>()
  for (const event of events) {
    const name = JSON.stringify(nameOf(event))
    const entry = entries.get(name) ?? begin(event)
    entries.set(name, entry)
    add(entry, event)
  }
  return [...entries.values()]
}

function countBy(events: readonly UsageEvent[], stepMs: number): UsageCount[] {
  const timeOf = ({ timeMs }: UsageEvent) => Math.floor(timeMs / stepMs) * stepMs
  return fold(
    events,
    // The primary key of the tables.
    (event) => [event.keyId, timeOf(event), event.method, event.endpoint, event.status, event.code],
    (event) => ({
      key_id: event.keyId,
      time: isoTime(timeOf(event)),
      method: event.method,
      endpoint: event.endpoint,
      scope: event.scope,
      status: event.status,
      code: event.code,
      admitted: event.admitted,
      requests: 0,
      latency: {},
    }),
    (count, { latencyUs }) => {
      count.requests += 1
      addLatency(count.latency, latencyUs)
    },
  )
}

/** Adds up what a batch's events come to, so that it costs a few statements and not some for each event. */
export function countEvents(events: readonly UsageEvent[]): UsageCounts {
  const admitted = events.filter((event) => event.admitted)
  return {
    minutes: countBy(events, MINUTE_MS),
    halfHours: countBy(events, HALF_HOUR_MS),
    days: countBy(events, DAY_MS),
    callers: fold(
      events,
      (event) => [event.keyId, Math.floor(event.timeMs / DAY_MS), event.clientIp, event.userAgent],
      (event) => ({ event, admitted: false, requests: 0, lastMs: 0 }),
      (entry, { timeMs, admitted: isAdmitted }) => {
        entry.admitted ||= isAdmitted
        entry.requests += 1
        entry.lastMs = Math.max(entry.lastMs, timeMs)
      },
    ).map(({ event, lastMs, ...entry }) => ({
      key_id: event.keyId,
      day: isoTime(event.timeMs).slice(0, 10),
      client_ip: event.clientIp,
      user_agent: event.userAgent,
      admitted: entry.admitted,
      requests: entry.requests,
      last_seen_at: isoTime(lastMs),
    })),
    lastUses: fold(
      admitted,
      ({ keyId }) => [keyId],
      ({ keyId }) => ({ keyId, lastMs: 0 }),
      (entry, { timeMs }) => {
        entry.lastMs = Math.max(entry.lastMs, timeMs)
      },
    ).map(({ keyId, lastMs }) => ({ key_id: keyId, last_used_at: isoTime(lastMs) })),
  }
}

/**
 * Adds up callers by address over the keys of each organization.
 * @param organizations by key; callers of others are left out
 */
export function countAddresses(
  callers: readonly CallerCount[],
  organizations: ReadonlyMap<string, string>,
): AddressCount[] {
  const entries = new Map<string, AddressCount>()
  for (const { key_id, day, client_ip, admitted, requests, last_seen_at } of callers) {
    const organization_id = organizations.get(key_id)
    if (organization_id === undefined) continue
    const name = JSON.stringify([organization_id, day, client_ip])
    const entry = entries.get(name) ?? {
      organization_id,
      day,
      client_ip,
      admitted,
      requests: 0,
      last_seen_at,
    }
    entries.set(name, entry)
    entry.admitted ||= admitted
    entry.requests += requests
    if (last_seen_at > entry.last_seen_at) entry.last_seen_at = last_seen_at
  }
  return [...entries.values()]
}

/** The partition of api_requests that a time's UTC day is kept in. */
export function requestSlot(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) % 32
}
