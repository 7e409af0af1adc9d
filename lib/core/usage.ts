import { z } from 'zod'
import { BlockedEvent } from './access-log'
import type { UsageOutcome } from './key-schemas'
import { scopes } from './principal'

export const USAGE_PATH_MAX = 300
export const USAGE_MESSAGE_MAX = 300
/** Refused requests of one key that a minute keeps one by one; all are counted. */
export const REFUSED_KEPT_MAX = 100
const USER_AGENT_MAX = 200

/** One decision on a key, or one answer to a request with it, as it is counted. */
export const UsageEvent = z.object({
  requestId: z.string().max(64),
  timeMs: z.number().int(),
  keyId: z.string().max(64),
  method: z.string().max(16),
  /** Pattern of the policy, relative to the API's base, e.g. `/agents/{id}`. */
  endpoint: z.string().max(200),
  /** Relative to the base, without the query; at most 300 characters. */
  path: z.string().max(USAGE_PATH_MAX),
  scope: z.enum(scopes),
  status: z.number().int().min(100).max(599),
  /** Error code; empty for a success. */
  code: z.string().max(64),
  /** What the caller was told to do about an error; at most 300 characters. */
  message: z.string().max(USAGE_MESSAGE_MAX).optional(),
  /** Whether the gate let it through. */
  admitted: z.boolean(),
  latencyUs: z.number().int().min(0),
  /** Empty when unknown. */
  clientIp: z.string().max(64),
  /** At most 200 characters. */
  userAgent: z.string().max(USER_AGENT_MAX),
})
export type UsageEvent = z.infer<typeof UsageEvent>

/** The most events of one batch. */
export const BATCH_EVENTS_MAX = 500

/** Events that are counted together, once: the same batch again changes nothing. */
export const UsageBatch = z.strictObject({
  id: z.string().regex(/^batch_\w{20}$/),
  events: z.array(UsageEvent).max(BATCH_EVENTS_MAX),
  /** Blocked attempts for access logs, which go the same way. */
  blocked: z.array(BlockedEvent).max(BATCH_EVENTS_MAX).optional(),
  /** Decisions of the gate since the last batch, by their outcome: for the operator's metrics, and kept nowhere. */
  decisions: z.record(z.string().regex(/^\w{1,64}$/), z.number().int().min(1)).optional(),
})
export type UsageBatch = z.infer<typeof UsageBatch>

const PRINTABLE = /^[ -~]*$/

/** Cut to length and free of what Postgres cannot keep: NUL and halves of surrogate pairs. */
function storableText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax && PRINTABLE.test(text)) return text
  return text
    .slice(0, lengthMax)
    .replaceAll('\0', '')
    .replaceAll(/\p{Cs}/gu, '')
}

/** A whole number from 0 to `max`; 0 for what is no number. */
function wholeNumber(value: number, max: number): number {
  return Math.round(Math.min(Math.max(value || 0, 0), max))
}

/** The event as it can be kept: texts bounded, numbers whole, and no time later than `nowMs` (clocks of hosts differ). */
export function storableEvent(event: UsageEvent, nowMs: number): UsageEvent {
  return {
    ...event,
    requestId: storableText(event.requestId, 64),
    keyId: storableText(event.keyId, 64),
    method: storableText(event.method, 16),
    endpoint: storableText(event.endpoint, 200),
    path: storableText(event.path, 300),
    code: storableText(event.code, 64),
    ...(event.message !== undefined && { message: storableText(event.message, USAGE_MESSAGE_MAX) }),
    clientIp: storableText(event.clientIp, 64),
    userAgent: storableText(event.userAgent, 200),
    timeMs: wholeNumber(event.timeMs, nowMs),
    latencyUs: wholeNumber(event.latencyUs, Number.MAX_SAFE_INTEGER),
  }
}

/** A blocked attempt as it can be kept, as storableEvent does it. */
export function storableBlock(event: BlockedEvent, nowMs: number): BlockedEvent {
  return {
    ...event,
    requestId: storableText(event.requestId, 64),
    method: storableText(event.method, 16),
    path: storableText(event.path, 300),
    clientIp: storableText(event.clientIp, 64),
    userAgent: storableText(event.userAgent, 200),
    timeMs: wholeNumber(event.timeMs, nowMs),
    lastMs: wholeNumber(event.lastMs, nowMs),
  }
}

/** How a request ended, for charts. A 429 is one of its own, whoever said it; other refusals of the gate are `refused`. */
export function outcomeOf(status: number, admitted: boolean): UsageOutcome {
  if (status < 400) return 'succeeded'
  if (status >= 500) return 'server_error'
  if (status === 429) return 'rate_limited'
  return admitted ? 'client_error' : 'refused'
}

/** What the gate and the route say of a request in the same words. */
export function usageEventBase(request: {
  requestId: string
  timeMs: number
  keyId: string
  method: string
  clientIp: string | null
  userAgent: string | null
}) {
  const { clientIp, userAgent, ...rest } = request
  return { ...rest, clientIp: clientIp ?? '', userAgent: (userAgent ?? '').slice(0, USER_AGENT_MAX) }
}
