import { z } from 'zod'
import { canonicalEmail } from './email'
import { environments, scopes } from './principal'

/** Inputs and outputs, shared by form, action, route and OpenAPI. Every input refuses members it does not know. */

const MAX_NAME = 100

/** A name people read: no control characters, surrounding space cut. */
export function nameField(what: string) {
  return z
    .string({ error: `${what} is required` })
    .trim()
    .min(1, `${what} is required`)
    .max(MAX_NAME, `${what} may have at most ${MAX_NAME} characters`)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u, `${what} may not hold control characters`)
    .regex(/[\p{L}\p{N}\p{P}\p{S}]/u, `${what} is required`)
}

/** Free text; Postgres cannot store a NUL. */
export function textField(what: string, max: number) {
  return z
    .string({ error: ({ input }) => `${what} ${input === undefined ? 'is required' : 'must be a text'}` })
    .max(max, `${what} may have at most ${max.toLocaleString('en')} characters`)
    .refine((text) => !text.includes('\0'), `${what} may not hold the character NUL`)
}

export const Id = z.string({ error: 'An id is required' }).regex(/^\w{1,64}$/, 'This is not an id')

export const Email = z
  .string({ error: 'Email is required' })
  .max(320, 'This is not an e-mail address')
  .transform((value, context) => {
    const email = canonicalEmail(value)
    if (email) return email
    const message = value.trim() === '' ? 'Email is required' : 'This is not an e-mail address'
    context.issues.push({ code: 'custom', message, input: value })
    return z.NEVER
  })

/** Bounds only; strength is judged with the person's own words at hand (A9). */
export const NewPassword = z
  .string({ error: 'Password is required' })
  .min(12, 'Use at least 12 characters')
  .max(1024, 'Use at most 1024 characters')

export const SignUpInput = z.strictObject({
  name: nameField('Name'),
  email: Email,
  password: NewPassword,
})

export const SignInInput = z.strictObject({
  email: Email,
  password: z.string({ error: 'Password is required' }).min(1, 'Password is required').max(1024),
})

export const RequestResetInput = z.strictObject({ email: Email })

const LinkToken = z.string().regex(/^[0-9A-Za-z]{32}$/)
export const ResetPasswordInput = z.strictObject({ token: LinkToken, password: NewPassword })
export const AcceptInvitationInput = z.strictObject({
  token: LinkToken,
  name: nameField('Name').optional(),
  password: NewPassword.optional(),
})

export const ChangePasswordInput = z.strictObject({
  currentPassword: z.string().min(1, 'Your present password is required').max(1024),
  newPassword: NewPassword,
})
export const UpdateProfileInput = z.strictObject({ name: nameField('Name') })
export const SessionIdInput = z.strictObject({ id: z.string().regex(/^sess_\w{1,64}$/) })
export const SwitchOrganizationInput = z.strictObject({ organizationId: z.string().regex(/^org_\w{1,64}$/) })
export const EmptyInput = z.strictObject({})

export const ScopeList = z
  .array(z.enum(scopes), { error: 'Choose at least one scope' })
  .min(1, 'Choose at least one scope')
  .max(scopes.length)
  .transform((list) => scopes.filter((scope) => list.includes(scope)))

/** RFC 3339 in UTC. */
export const Timestamp = z.string().meta({ format: 'date-time', example: '2026-01-31T09:30:00.000Z' })

const AgentModel = z.strictObject({
  source: z.enum(['twig', 'openai_key', 'anthropic_key', 'custom_key']).default('twig'),
  name: textField('The model name', 200).min(1).nullable().default(null),
  external_key_id: Id.nullable().default(null),
})

/** Creating needs only a name; replacing (PUT) sets what is left out to its default. */
export const AgentInput = z
  .strictObject({
    name: nameField('Name'),
    instructions: textField('Instructions', 32_000).default(''),
    model: AgentModel.prefault({}),
    data_source_ids: z.array(Id).max(100).default([]),
    temperature: z.number().min(0).max(2).nullable().default(null),
    max_tokens: z.number().int().min(1).max(200_000).nullable().default(null),
    allow_fallback: z.boolean().default(false),
  })
  .meta({ id: 'AgentInput' })
export type AgentInput = z.infer<typeof AgentInput>

export const Agent = z
  .object({
    id: z.string().meta({ example: 'agent_4fGh2Kq9ZrT7wXyB1cDe' }),
    name: z.string(),
    instructions: z.string(),
    model: z.object({
      source: z.enum(['twig', 'openai_key', 'anthropic_key', 'custom_key']),
      name: z.string().nullable(),
      external_key_id: z.string().nullable(),
    }),
    data_source_ids: z.array(z.string()),
    temperature: z.number().nullable(),
    max_tokens: z.number().nullable(),
    allow_fallback: z.boolean(),
    environment: z.enum(environments),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Agent' })
export type Agent = z.infer<typeof Agent>

/** The console's forms; what they leave out gets its default. */
export const CreateAgentFormInput = AgentInput.pick({ name: true, instructions: true }).extend({
  environment: z.enum(environments),
})
export const AgentIdInput = z.strictObject({ id: Id })

export const AgentIdParams = z.strictObject({ id: z.string().max(128) })

export const ListQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .meta({ description: 'Rows a page, at most 200.' }),
  cursor: z.string().max(200).optional().meta({ description: '`next_cursor` of the page before.' }),
})
export type ListQuery = z.infer<typeof ListQuery>

/** A page of a list: newest first, stable while rows are added. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), has_more: z.boolean(), next_cursor: z.string().nullable() })
}

export interface Page<T> {
  data: T[]
  has_more: boolean
  next_cursor: string | null
}

export const Whoami = z
  .object({
    key: z.object({
      id: z.string(),
      name: z.string(),
      scopes: z.array(z.enum(scopes)),
      environment: z.enum(environments),
    }),
    organization: z.object({ id: z.string(), slug: z.string(), name: z.string(), plan: z.string() }),
    environment: z.enum(environments),
    limits: z.partialRecord(z.enum(scopes), z.object({ per_minute: z.number() })),
  })
  .meta({ id: 'Whoami' })
export type Whoami = z.infer<typeof Whoami>

export const DeletedAgent = z
  .object({ id: z.string(), deleted: z.literal(true) })
  .meta({ id: 'DeletedAgent' })

export const ErrorAnswer = z
  .looseObject({
    error: z.string().meta({ description: 'Short and stable.' }),
    status: z.number(),
    code: z.string().meta({ example: 'insufficient_scope' }),
    message: z.string().meta({ description: 'What to do.' }),
    request_id: z.string(),
    docs: z.string(),
  })
  .meta({ id: 'Error' })
