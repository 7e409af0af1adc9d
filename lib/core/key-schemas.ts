import { z } from 'zod'
import { environments, scopes } from './principal'
import { ListQuery, nameField, ScopeList, Timestamp } from './schemas'

/** Shapes of keys and of their usage, shared by form, action, route and OpenAPI. */

const KeyId = z.string().regex(/^key_\w{1,64}$/, 'This is not the id of a key')
export const ApiKeyIdInput = z.strictObject({ id: KeyId })
export const ApiKeyIdParams = z.strictObject({ id: z.string().max(128) })

export const CreateApiKeyInput = z
  .strictObject({
    name: nameField('Name'),
    scopes: ScopeList,
    environment: z.enum(environments, { error: 'Choose Live or Test' }),
  })
  .meta({ id: 'ApiKeyInput' })

/** How long the old key still works after a rotation. */
export const graceTimes = ['now', '1h', '24h', '7d'] as const
export type GraceTime = (typeof graceTimes)[number]
export const RotateApiKeyBody = z
  .strictObject({
    grace: z.enum(graceTimes, { error: 'Choose now, 1h, 24h or 7d' }).default('24h'),
  })
  .meta({ id: 'RotateApiKeyInput' })

/** What is left out stays. Scopes can only be narrowed: an existing key never gains any. */
export const UpdateApiKeyBody = z
  .strictObject({
    name: nameField('Name').optional(),
    scopes: ScopeList.optional(),
    disabled: z.boolean().optional(),
  })
  .meta({ id: 'ApiKeyChanges' })
export const UpdateApiKeyInput = UpdateApiKeyBody.extend({ id: KeyId })
export const RotateApiKeyInput = RotateApiKeyBody.extend({ id: KeyId })

export const keyStates = ['active', 'disabled', 'ending', 'ended'] as const
export type KeyState = (typeof keyStates)[number]

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    masked: z.string().meta({ example: 'twigsk_live_a1b2…wxyz' }),
    scopes: z.array(z.enum(scopes)),
    environment: z.enum(environments),
    state: z.enum(keyStates).meta({ description: '`ending`: rotated, works until `ends_at`.' }),
    created_by: z.string().nullable(),
    created_at: Timestamp,
    last_used_at: Timestamp.nullable(),
    disabled_at: Timestamp.nullable(),
    rotated_to: z.string().nullable().meta({ description: 'The key that replaces this one.' }),
    rotated_from: z.string().nullable().meta({ description: 'The key that this one replaces.' }),
    ends_at: Timestamp.nullable(),
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.infer<typeof ApiKey>

/** The answer to making a key, and the only place where it is ever seen in full. */
export const NewApiKey = ApiKey.extend({ key: z.string() }).meta({ id: 'NewApiKey' })
export type NewApiKey = z.infer<typeof NewApiKey>

export const RevocationReceipt = z
  .object({ id: z.string(), revoked_at: Timestamp, effective_at: Timestamp })
  .meta({ id: 'RevocationReceipt' })
export type RevocationReceipt = z.infer<typeof RevocationReceipt>

/** Periods of a usage report, each ending now. 30 and 90 days are whole UTC days. */
export const usagePeriods = ['1h', '24h', '7d', '30d', '90d'] as const
export type UsagePeriod = (typeof usagePeriods)[number]

export const UsageQuery = z.strictObject({
  period: z.enum(usagePeriods, { error: 'Choose 1h, 24h, 7d, 30d or 90d' }).default('24h'),
  format: z.enum(['json', 'csv']).default('json').meta({ description: '`csv` gives the table by endpoint.' }),
})
export type UsageQuery = z.infer<typeof UsageQuery>
export const ApiKeyUsageInput = UsageQuery.extend({ id: z.string().max(128) })
export const ApiKeyRequestsInput = ListQuery.extend({ id: z.string().max(128) })

/** How requests are told apart in a chart. */
export const usageOutcomes = ['succeeded', 'client_error', 'server_error', 'refused', 'rate_limited'] as const
export type UsageOutcome = (typeof usageOutcomes)[number]

const Count = z.number().int().min(0)
/** Milliseconds, within 2 % of exact; null when nothing was measured. */
const Percentiles = z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable()
const Outcomes = z.object(
  Object.fromEntries(usageOutcomes.map((outcome) => [outcome, Count])) as Record<UsageOutcome, typeof Count>,
)
export type Outcomes = z.infer<typeof Outcomes>

export const UsageReport = z
  .object({
    key_id: z.string(),
    period: z.enum(usagePeriods),
    from: Timestamp,
    to: Timestamp,
    last_used_at: Timestamp.nullable(),
    totals: z.object({ requests: Count, outcomes: Outcomes, latency_ms: Percentiles }),
    /** Steps of equal length, the empty ones too, oldest first. */
    step_seconds: z.number(),
    series: z.array(z.object({ time: Timestamp, outcomes: Outcomes })),
    endpoints: z.array(
      z.object({
        method: z.string(),
        endpoint: z.string(),
        status: z.number(),
        code: z.string().nullable(),
        requests: Count,
        latency_ms: Percentiles,
      }),
    ),
    callers: z.array(
      z.object({ client_ip: z.string(), user_agent: z.string(), requests: Count, last_seen_at: Timestamp }),
    ),
    /** Admitted requests by bucket in the last 30 days, of every scope: what the key really needs. */
    scopes_used: z.object(
      Object.fromEntries(scopes.map((scope) => [scope, Count])) as Record<
        (typeof scopes)[number],
        typeof Count
      >,
    ),
    today: z.object({ requests: Count, callers: Count }),
    /** Null while Redis cannot be asked. */
    buckets: z
      .array(
        z.object({
          scope: z.enum(scopes),
          limit: Count,
          remaining: Count,
          organization: z.object({ limit: Count, remaining: Count }),
        }),
      )
      .nullable(),
  })
  .meta({ id: 'UsageReport' })
export type UsageReport = z.infer<typeof UsageReport>

/** One request of the last 30 days. */
export const ApiRequest = z
  .object({
    id: z.string(),
    time: Timestamp,
    method: z.string(),
    path: z.string(),
    status: z.number(),
    code: z.string().nullable(),
    latency_ms: z.number(),
    client_ip: z.string().nullable(),
    user_agent: z.string(),
  })
  .meta({ id: 'ApiRequest' })
export type ApiRequest = z.infer<typeof ApiRequest>
