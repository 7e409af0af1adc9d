import { z } from 'zod'
import type { TwigError } from './errors'
import { environments } from './principal'

/** Why an attempt was blocked (F6). */
export const blockReasons = [
  'allowlist',
  'unknown_address',
  'revoked_key',
  'disabled_key',
  'expired_key',
  'wrong_environment',
  'sign_in_throttle',
] as const
export type BlockReason = (typeof blockReasons)[number]

const PATH_MAX = 300
const USER_AGENT_MAX = 200

/** One attempt that was blocked, or several alike within a minute (core/block-fold.ts); bounded as usage is. */
export const BlockedEvent = z.object({
  /** Of the first. */
  requestId: z.string().max(64),
  /** Of the first. */
  timeMs: z.number().int(),
  /** Of the last; 0 where there is but one. */
  lastMs: z.number().int().default(0),
  /** How many they are. */
  count: z.number().int().min(1).default(1),
  /** Null for a key that is refused before anybody knows whose it is; the writer finds out. */
  organizationId: z.string().max(64).nullable(),
  /** Of the key. */
  environment: z.enum(environments).nullable(),
  keyId: z.string().max(64).nullable(),
  userId: z.string().max(64).nullable(),
  reason: z.enum(blockReasons),
  code: z.string().max(64),
  method: z.string().max(16),
  /** As it was sent, without the query; at most 300 characters. */
  path: z.string().max(PATH_MAX),
  /** Empty when unknown. */
  clientIp: z.string().max(64),
  /** Of the first. */
  userAgent: z.string().max(USER_AGENT_MAX),
})
export type BlockedEvent = z.infer<typeof BlockedEvent>

const REASONS: Readonly<Record<string, BlockReason>> = {
  ip_not_allowed: 'allowlist',
  revoked_api_key: 'revoked_key',
  disabled_api_key: 'disabled_key',
  expired_api_key: 'expired_key',
  wrong_environment: 'wrong_environment',
}

/**
 * Why an error with this code blocks somebody; null for what is no block: a missing scope, an empty bucket, a
 * mistake. That sign-ins are throttled is said where it happens: other throttles have the same code.
 */
export function blockReasonOf(code: TwigError['code'] | (string & {})): BlockReason | null {
  return REASONS[code] ?? null
}

/** A block in words for people. */
export const BLOCK_WORDS: Readonly<Record<BlockReason, string>> = {
  allowlist: 'Address not in the allowlist',
  unknown_address: 'Address unknown',
  revoked_key: 'Deleted key',
  disabled_key: 'Disabled key',
  expired_key: 'Rotated key, grace time over',
  wrong_environment: 'Key of the other environment',
  sign_in_throttle: 'Too many sign-in attempts',
}

/** The circumstances of a blocked request, cut to what is kept. */
export function blockedEvent(about: {
  requestId: string
  timeMs: number
  organizationId: string | null
  environment?: BlockedEvent['environment']
  keyId?: string
  userId?: string
  reason: BlockReason
  code: string
  method: string
  path: string
  clientIp: string | null
  userAgent: string | null
}): BlockedEvent {
  const { requestId, timeMs, organizationId, environment = null, keyId = null, userId = null } = about
  const { reason, code, method } = about
  return {
    requestId,
    timeMs,
    lastMs: timeMs,
    count: 1,
    organizationId,
    environment,
    keyId,
    userId,
    reason,
    code,
    method,
    path: about.path.slice(0, PATH_MAX),
    clientIp: about.clientIp ?? '',
    userAgent: (about.userAgent ?? '').slice(0, USER_AGENT_MAX),
  }
}
