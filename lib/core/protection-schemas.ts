import { z } from 'zod'
import { blockReasons } from './access-log'
import { SEVERAL } from './block-fold'
import { parseRange, rangeText } from './ip-ranges'
import { Id, ListQuery, Timestamp, textField } from './schemas'

const CIDR_EXAMPLE = '203.0.113.0/24'

/** A range as it is typed, turned into its one normal form; what is odd about it is said. */
const Cidr = z
  .string({ error: 'A range is required' })
  .max(200, 'is too long for an address')
  .transform((value, context) => {
    const parsed = parseRange(value)
    if (parsed.ok) return rangeText(parsed.range)
    context.issues.push({ code: 'custom', message: parsed.problem, input: value })
    return z.NEVER
  })

const Description = textField('The description', 200)
  .trim()
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u, 'The description may not hold control characters')

const Force = z.boolean().optional().meta({
  description:
    'Do it although the caller is then outside of the list, or although the range holds every address.',
})

export const AllowlistRangeInput = z
  .strictObject({
    cidr: Cidr.meta({ description: 'A CIDR range or an address; IPv4 or IPv6.', example: CIDR_EXAMPLE }),
    description: Description.default(''),
    force: Force,
  })
  .meta({ id: 'AllowlistRangeInput' })
export type AllowlistRangeInput = z.infer<typeof AllowlistRangeInput>

export const AllowlistRange = z
  .object({
    id: z.string(),
    cidr: z.string().meta({ description: 'In normal form.', example: CIDR_EXAMPLE }),
    description: z.string(),
    in_force: z.boolean().meta({ description: 'Whether requests from outside of the list are refused now.' }),
    created_by: z.string().nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'AllowlistRange' })
export type AllowlistRange = z.infer<typeof AllowlistRange>

export const RangeIdParams = z.strictObject({ id: z.string().max(128) })
/** A DELETE has no body. */
export const RemoveRangeQuery = z.strictObject({
  force: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional(),
})
/** The console's. */
export const RemoveRangeInput = z.strictObject({ id: Id, force: z.boolean().optional() })
export const SwitchInput = z.strictObject({ on: z.boolean(), force: z.boolean().optional() })
export const AllowlistPreviewInput = z.strictObject({ cidr: Cidr })

export const RemovedRange = z
  .object({
    id: z.string(),
    cidr: z.string(),
    deleted: z.literal(true),
    in_force: z
      .boolean()
      .meta({ description: 'False where the list is empty now: requests are taken from everywhere.' }),
  })
  .meta({ id: 'RemovedAllowlistRange' })
export type RemovedRange = z.infer<typeof RemovedRange>

/** What a list would have done to the traffic of the last 7 days. */
export interface AllowlistPreview {
  requests: number
  blocked: number
  /** How many addresses those came from. */
  addresses: number
  /** The busiest of them. */
  busiest: Array<{ clientIp: string; requests: number; lastSeenAt: string }>
  /** Requests whose address is not on record, so that nobody can tell. */
  unknown: number
}

const AccessLogFilter = z.object({
  reason: z.enum(blockReasons).optional(),
  client_ip: z.string().max(64).optional().meta({ description: 'The very address.' }),
  key_id: Id.optional(),
  user_id: Id.optional(),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Not before this time.' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'Before this time.' }),
})
export type AccessLogFilter = z.infer<typeof AccessLogFilter>
export const ListAccessLogsQuery = ListQuery.extend(AccessLogFilter.shape)
export type ListAccessLogsQuery = z.infer<typeof ListAccessLogsQuery>

export const AccessLogEntry = z
  .object({
    id: z.string(),
    time: Timestamp.meta({ description: 'Of the first attempt, as the user agent and the request id are.' }),
    last_seen_at: Timestamp.meta({ description: 'Of the last attempt.' }),
    count: z.number().int().min(1).meta({
      description:
        'Attempts alike within one minute: of the same address, key or person, method and path, refused for the same reason.',
    }),
    client_ip: z
      .string()
      .nullable()
      .meta({
        description: `${SEVERAL} where a minute had more rows than are kept apart; null when unknown.`,
      }),
    reason: z.enum(blockReasons),
    code: z.string().meta({ example: 'ip_not_allowed' }),
    key_id: z.string().nullable(),
    user_id: z.string().nullable(),
    method: z.string(),
    path: z.string().meta({
      description: `${SEVERAL}, as the method then is, where an address tried more within a minute than are kept apart.`,
    }),
    user_agent: z.string(),
    request_id: z.string(),
  })
  .meta({ id: 'AccessLogEntry' })
export type AccessLogEntry = z.infer<typeof AccessLogEntry>
