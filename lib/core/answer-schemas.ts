import { z } from 'zod'
import { environments } from './principal'
import { Id, ListQuery, Timestamp, textField } from './schemas'

/** Shapes of questions, answers and interactions, shared by form, action, route and OpenAPI. contract.md 3. */

const QUESTION_MAX = 32_000

/** What somebody asks; never blank. */
function questionField(what: string) {
  return textField(what, QUESTION_MAX).refine((text) => text.trim() !== '', `${what} is required`)
}

const SessionId = Id.meta({ description: 'The conversation to go on with; a new one begins without it.' })
const Stream = z.boolean().default(false).meta({ description: 'Answer as server-sent events.' })

/** One question. */
export const QueryInput = z
  .strictObject({
    agent_id: Id,
    query: questionField('The question'),
    session_id: SessionId.optional(),
    stream: Stream,
    temperature: z.number().min(0).max(2).optional(),
    max_tokens: z.number().int().min(1).max(200_000).optional(),
  })
  .meta({ id: 'QueryInput' })
export type QueryInput = z.infer<typeof QueryInput>

/** One turn of a conversation. */
export const ChatInput = z
  .strictObject({
    agent_id: Id,
    message: questionField('The message'),
    session_id: SessionId.optional(),
    stream: Stream,
  })
  .meta({ id: 'ChatInput' })
export type ChatInput = z.infer<typeof ChatInput>

/** A turn in the console's playground; it is always streamed. */
export const PlaygroundInput = z.strictObject({
  id: Id,
  message: questionField('The message'),
  session_id: SessionId.optional(),
})
export type PlaygroundInput = z.infer<typeof PlaygroundInput>

/** A passage that an answer was drawn from. */
export const Source = z
  .object({
    chunk_id: z.string(),
    similarity: z.number().meta({ description: 'From 0 to 1, to four digits.' }),
    document_title: z.string(),
    document_url: z.string().nullable(),
  })
  .meta({ id: 'Source' })
export type Source = z.infer<typeof Source>

const payers = ['organization', 'twig'] as const
/** Whose model key an answer costs. */
export type Payer = (typeof payers)[number]

const Usage = z.object({ input_tokens: z.number().int(), output_tokens: z.number().int() })

export const Answer = z
  .object({
    id: z.string().meta({ description: 'Of the interaction.', example: 'int_4fGh2Kq9ZrT7wXyB1cDe' }),
    response: z.string(),
    sources: z.array(Source),
    session_id: z.string(),
    latency_ms: z.number().int(),
    model: z.string().meta({ description: '`twig-extractive` quotes the sources without a provider.' }),
    billed_to: z.enum(payers),
    usage: Usage.meta({ description: 'As the provider counts; 0 where no provider was asked.' }),
    notice: z.string().nullable().meta({ description: 'What the caller should know of how it came about.' }),
  })
  .meta({ id: 'Answer' })
export type Answer = z.infer<typeof Answer>

export const interactionStatuses = ['succeeded', 'failed', 'cancelled'] as const

export const Interaction = z
  .object({
    id: z.string(),
    agent_id: z.string(),
    agent_name: z.string().meta({ description: 'At the time.' }),
    environment: z.enum(environments),
    session_id: z.string(),
    key_id: z.string().nullable(),
    user_id: z.string().nullable(),
    kind: z.enum(['query', 'chat']),
    input: z.string(),
    response: z.string().nullable().meta({ description: 'As far as it came, where it broke off.' }),
    sources: z.array(Source),
    model: z.string().nullable(),
    billed_to: z.enum(payers).nullable().meta({ description: 'Null where no model was asked.' }),
    usage: Usage.nullable().meta({ description: 'Null where the provider did not tell.' }),
    latency_ms: z.number().int(),
    status: z.enum(interactionStatuses).meta({ description: '`cancelled`: the caller left.' }),
    code: z.string().nullable().meta({ description: 'Of the error, where it failed.' }),
    request_id: z.string().nullable(),
    created_at: Timestamp.meta({ description: 'When the turn ended.' }),
  })
  .meta({ id: 'Interaction' })
export type Interaction = z.infer<typeof Interaction>

/** A time that a list begins or ends at. Postgres writes the year before 1 otherwise than RFC 3339. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z')
export const Moment = z.iso
  .datetime({ offset: true, error: 'not an RFC 3339 time' })
  .refine((text) => !(Date.parse(text) < FIRST_MS), 'not after the year 0')

/** What a list of interactions may be narrowed to. */
export const InteractionFilter = z.strictObject({
  agent_id: Id.optional(),
  session_id: Id.optional(),
  key_id: Id.optional(),
  user_id: Id.optional(),
  status: z.enum(interactionStatuses).optional(),
  from: Moment.optional().meta({ description: 'Not before this time.' }),
  to: Moment.optional().meta({ description: 'Before this time.' }),
})
export type InteractionFilter = z.infer<typeof InteractionFilter>

export const ListInteractionsQuery = ListQuery.extend(InteractionFilter.shape).extend({
  format: z.enum(['json', 'csv']).default('json'),
})
export type ListInteractionsQuery = z.infer<typeof ListInteractionsQuery>

export const InteractionIdParams = z.strictObject({ id: z.string().max(128) })
