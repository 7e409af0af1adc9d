import { z } from 'zod'
import { environments, plans, scopes } from './principal'
import { stepOutcomes, trailSteps } from './request-trail'
import { Timestamp } from './schemas'

/** Shapes of what a request's decision is told by, shared by form, action, route and OpenAPI. */

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** A request that nobody makes. With none of `key_id`, `key` and `authorization` it carries no key. */
export const ExplainInput = z
  .strictObject({
    key_id: z
      .string()
      .regex(/^key_\w{1,64}$/, 'This is not the id of a key')
      .optional()
      .meta({ description: 'A key of your organization, by its id.' }),
    key: z
      .string()
      .max(1_000, 'A key has 64 characters')
      .optional()
      .meta({ description: 'The key itself, as a program has it.' }),
    authorization: z
      .string()
      .max(2_000, 'At most 2,000 characters')
      .optional()
      .meta({ description: 'The whole Authorization header, as a program sends it.' }),
    method: z.enum(METHODS, { error: `Choose one of ${METHODS.join(', ')}` }).default('GET'),
    path: z
      .string({ error: 'Path is required' })
      .max(2_000, 'At most 2,000 characters')
      .regex(/^\/[!-~]*$/, 'A path begins with a slash, and is percent-encoded')
      .meta({ description: 'With the API’s base, `/api/test/v1/agents`, or relative to the one you call.' }),
    client_ip: z
      .string()
      .max(64, 'This is not an address')
      .nullable()
      .default(null)
      .meta({ description: 'The address it comes from; null for one that is not known.' }),
    scheme: z.enum(['https', 'http'], { error: 'Choose https or http' }).default('https'),
  })
  .refine(
    ({ key_id, key, authorization }) =>
      [key_id, key, authorization].filter((given) => given !== undefined).length <= 1,
    { path: ['key_id'], error: 'Give one of key_id, key and authorization' },
  )
  .meta({ id: 'ExplainInput' })
export type ExplainInput = z.infer<typeof ExplainInput>

const Count = z.number().int().min(0)

const TrailKey = z.object({
  id: z.string(),
  name: z.string(),
  masked: z.string().meta({ example: 'twigsk_live_a1b2…wxyz' }),
  environment: z.enum(environments),
  scopes: z.array(z.enum(scopes)),
  state: z.enum(['active', 'disabled', 'ending', 'ended', 'deleted']),
})

const Trail = z
  .array(z.object({ step: z.enum(trailSteps), outcome: z.enum(stepOutcomes), detail: z.string() }))
  .meta({ description: 'In the order in which the gate looks; the first that failed decides.' })

/** What would become of a request, and why. */
export const Explanation = z
  .object({
    admitted: z.boolean(),
    status: z
      .number()
      .nullable()
      .meta({ description: 'Of the refusal; null for a request that is let through.' }),
    code: z.string().nullable(),
    error: z.string().nullable(),
    message: z.string().nullable(),
    docs: z.string().nullable(),
    failed_at: z.enum(trailSteps).nullable(),
    method: z.string(),
    path: z.string(),
    environment: z.enum(environments),
    client_ip: z.string().nullable(),
    organization_plan: z.enum(plans),
    key: TrailKey.nullable(),
    steps: Trail,
    bucket: z
      .object({
        scope: z.enum(scopes),
        holder: z.enum(['key', 'organization']),
        limit: Count,
        remaining: Count,
        retry_after: Count.meta({ description: 'Seconds until one request more than `remaining` fits.' }),
        degraded: z.boolean(),
      })
      .nullable()
      .meta({ description: 'The emptier of the two that the request would be charged to, before it.' }),
    limits: z
      .array(
        z.object({
          scope: z.enum(scopes),
          limit: Count,
          remaining: Count,
          organization: z.object({ limit: Count, remaining: Count }),
        }),
      )
      .nullable()
      .meta({ description: 'All buckets of the key; null without a key, or while Redis cannot be asked.' }),
  })
  .meta({ id: 'Explanation' })
export type Explanation = z.infer<typeof Explanation>

export const RequestIdInput = z.strictObject({
  id: z
    .string({ error: 'A request id is required' })
    .trim()
    .regex(/^req_[0-9A-Za-z]{1,60}$/, 'A request id begins with req_'),
})

/** A request that was made, and the way it went. */
export const RequestTrail = z.object({
  id: z.string(),
  time: Timestamp,
  method: z.string(),
  path: z.string(),
  status: z.number(),
  code: z.string().nullable(),
  latency_ms: z.number(),
  client_ip: z.string().nullable(),
  user_agent: z.string(),
  admitted: z.boolean(),
  failed_at: z.enum(trailSteps).nullable(),
  key: TrailKey,
  steps: Trail,
})
export type RequestTrail = z.infer<typeof RequestTrail>
export type TrailKey = z.infer<typeof TrailKey>
