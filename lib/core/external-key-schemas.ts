import { z } from 'zod'
import { keyHealths, modelProviders } from './model-providers'
import { judgeUrl, outboundSentence, parseRanges } from './outbound-address'
import { environments } from './principal'
import { Id, nameField, Timestamp } from './schemas'

export type { KeyHealth } from './model-providers'

/** Shapes of keys of model providers (C1, C2), shared by form, action, route and OpenAPI. */

const ENDPOINT_MAX = 2048
const everywhere = parseRanges(['0.0.0.0/0', '::/0'])

/** No sentence of this field quotes what was typed. */
const SecretField = z
  .string({ error: 'API Key is required' })
  .trim()
  .min(1, 'API Key is required')
  .max(1024, 'API Key may have at most 1,024 characters')
  .regex(/^[\x21-\x7e]*$/, 'API Key may hold no spaces and only plain characters; copy it again')

/** The base address of an OpenAI-compatible server. Where it may lead is judged when it is called. */
const EndpointField = z
  .string({ error: 'Endpoint is required' })
  .trim()
  .max(ENDPOINT_MAX, `Endpoint may have at most ${ENDPOINT_MAX.toLocaleString('en')} characters`)
  .transform((text, context) => {
    const say = (message: string) => {
      context.issues.push({ code: 'custom', message, input: undefined })
      return z.NEVER
    }
    if (text === '') return say('Endpoint is required')
    const verdict = judgeUrl(text, everywhere)
    if (!verdict.ok) return say(`Endpoint ${outboundSentence(verdict.reason)}`)
    const { url } = verdict
    if (url.search !== '' || url.hash !== '') return say('Endpoint may not hold a query or a fragment')
    return url.href.replace(/\/+$/, '')
  })

const Name = nameField('Name')

export const CreateExternalKeyInput = z
  .strictObject({
    provider: z.enum(modelProviders, { error: 'Choose OpenAI, Anthropic or Custom' }),
    api_key: SecretField.meta({ description: 'Tested against the provider, then kept encrypted.' }),
    endpoint: EndpointField.optional().meta({
      description: 'For `custom` only: base address of an OpenAI-compatible server.',
      example: 'https://models.example.com/v1',
    }),
    name: Name.optional().meta({ description: 'The provider’s name where it is left out.' }),
  })
  .superRefine(({ provider, endpoint }, context) => {
    const say = (message: string) => context.addIssue({ code: 'custom', path: ['endpoint'], message })
    if (provider === 'custom' && endpoint === undefined) say('Endpoint is required')
    if (provider !== 'custom' && endpoint !== undefined) say('Endpoint is for the provider Custom only')
  })
  .meta({ id: 'ExternalKeyInput' })
export type CreateExternalKeyInput = z.infer<typeof CreateExternalKeyInput>

/** What is left out stays; the provider cannot change. */
export const ReplaceExternalKeyBody = z
  .strictObject({
    api_key: SecretField,
    endpoint: EndpointField.optional(),
    name: Name.optional(),
  })
  .meta({ id: 'ExternalKeyReplacement' })
export const ReplaceExternalKeyInput = ReplaceExternalKeyBody.extend({ id: Id })
export type ReplaceExternalKeyInput = z.infer<typeof ReplaceExternalKeyInput>

export const RenameExternalKeyBody = z.strictObject({ name: Name }).meta({ id: 'ExternalKeyName' })
export const RenameExternalKeyInput = RenameExternalKeyBody.extend({ id: Id })

export const CheckExternalKeyBody = z.strictObject({}).meta({ id: 'ExternalKeyCheck' })
export const ExternalKeyIdInput = z.strictObject({ id: Id })
export const ExternalKeyIdParams = z.strictObject({ id: z.string().max(128) })

const KeyUser = z.object({ id: z.string(), name: z.string(), environment: z.enum(environments) })
/** An agent that answers with a key. */
export type KeyUser = z.infer<typeof KeyUser>

export const ExternalKey = z
  .object({
    id: z.string().meta({ example: 'ext_4fGh2Kq9ZrT7wXyB1cDe' }),
    name: z.string(),
    provider: z.enum(modelProviders),
    endpoint: z.string().nullable(),
    last4: z.string().meta({ description: 'Empty where the key is too short to show any of it.' }),
    health: z.enum(keyHealths).meta({ description: '`unreadable`: it can no longer be decrypted.' }),
    health_detail: z.string().nullable(),
    checked_at: Timestamp.nullable(),
    used_by: z
      .array(KeyUser)
      .meta({ description: 'Agents that answer with it; a Test key sees those of Test.' }),
    created_by: z.string().nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'ExternalKey' })
export type ExternalKey = z.infer<typeof ExternalKey>

export const DeletedExternalKey = z
  .object({
    id: z.string(),
    deleted: z.literal(true),
    stopped_agents: z
      .array(KeyUser)
      .meta({ description: 'Agents that no longer answer; they still name it.' }),
  })
  .meta({ id: 'DeletedExternalKey' })
export type DeletedExternalKey = z.infer<typeof DeletedExternalKey>

export const ProviderModels = z
  .object({ models: z.array(z.string()).meta({ description: 'Empty where the provider lists none.' }) })
  .meta({ id: 'ProviderModels' })
export type ProviderModels = z.infer<typeof ProviderModels>

const SHOWN_FROM = 12

/** The last four characters, where four say little about the rest. */
export function lastFour(secret: string): string {
  return secret.length >= SHOWN_FROM ? secret.slice(-4) : ''
}
