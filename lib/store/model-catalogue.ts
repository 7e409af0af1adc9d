import { z } from 'zod'
import type { ModelProvider } from '../core/model-providers'
import type { OutboundReason } from '../core/outbound-address'
import {
  type FailureVerdict,
  isRestrictedKey,
  isVendorError,
  judgeProviderFailure,
  UNREACHABLE_DETAIL,
} from '../core/provider-failures'
import { nodeEnv } from '../env/node'
import { type OutboundOptions, OutboundRefused, operatorFetch, outboundFetch } from './outbound'

const OPENAI_URL = 'https://api.openai.com/v1'
const ANTHROPIC_URL = 'https://api.anthropic.com/v1'
const ANTHROPIC_VERSION = '2023-06-01'
/** For everything that one check asks together. */
const CHECK_MS = 15_000
const ANSWER_BYTES_MAX = 2 * 1024 * 1024
const MODELS_MAX = 500
/** What OpenAI's list holds besides models that chat. */
const NOT_FOR_CHAT =
  /embedding|whisper|tts|dall-e|image|audio|realtime|moderation|transcribe|sora|babbage|davinci/

/** Whom a key is for. */
export interface ModelPlace {
  provider: ModelProvider
  /** For `custom` only. */
  endpoint: string | null
}

export interface ModelAccess extends ModelPlace {
  apiKey: string
}

/** Where a provider is called, and how: through the guard where a person typed the address. */
export function modelPlace({ provider, endpoint }: ModelPlace, options: OutboundOptions = {}) {
  const { endpoints } = nodeEnv()
  switch (provider) {
    case 'openai':
      return { baseUrl: endpoints.OPENAI_BASE_URL ?? OPENAI_URL, fetch: operatorFetch(options) }
    case 'anthropic':
      return { baseUrl: endpoints.ANTHROPIC_BASE_URL ?? ANTHROPIC_URL, fetch: operatorFetch(options) }
    case 'custom':
      return { baseUrl: endpoint ?? '', fetch: outboundFetch(options) }
  }
}

/** What asking a provider with a key came to. `refused`: the address is none that Twig calls. */
export type KeyCheck = { health: 'ok'; models: string[] } | KeyFailure
type KeyFailure = {
  health: NonNullable<FailureVerdict['health']>
  detail: string
  refused?: OutboundReason
}

const unreachable: KeyFailure = { health: 'unreachable', detail: UNREACHABLE_DETAIL }

const ModelList = z.object({ data: z.array(z.object({ id: z.string().max(200) })) })

interface Reply {
  status: number
  text: string
}

function readModels({ status, text }: Reply): string[] | null {
  if (status !== 200) return null
  try {
    return ModelList.parse(JSON.parse(text))
      .data.map(({ id }) => id)
      .slice(0, MODELS_MAX)
  } catch {
    return null
  }
}

function credential({ provider, apiKey }: ModelAccess): Record<string, string> {
  return provider === 'anthropic' ? { 'x-api-key': apiKey } : { authorization: `Bearer ${apiKey}` }
}

/** Asks a provider; every failure to get an answer is thrown. */
function asker(access: ModelAccess) {
  const { baseUrl, fetch } = modelPlace(access, { maxBytes: ANSWER_BYTES_MAX, timeoutMs: CHECK_MS })
  const version: Record<string, string> =
    access.provider === 'anthropic' ? { 'anthropic-version': ANTHROPIC_VERSION } : {}
  const signal = AbortSignal.timeout(CHECK_MS)
  return async (path: string, as: 'owner' | 'nobody', body?: object): Promise<Reply> => {
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...version,
      ...(as === 'owner' ? credential(access) : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    }
    const init = body ? { method: 'POST', body: JSON.stringify(body) } : { method: 'GET' }
    const response = await fetch(baseUrl.replace(/\/+$/, '') + path, { ...init, headers, signal })
    return { status: response.status, text: await response.text() }
  }
}

/** A refusal of the key, or of anything by a server that is not one of models. */
function failed({ status, text }: Reply): KeyFailure {
  const { health, detail } = judgeProviderFailure(status, text)
  return health ? { health, detail } : { ...unreachable, detail }
}

/** OpenAI and Anthropic show their list of models to holders of a key only. */
async function checkVendor(ask: ReturnType<typeof asker>): Promise<KeyCheck> {
  const reply = await ask('/models?limit=1000', 'owner')
  const models = readModels(reply)
  if (models) return { health: 'ok', models }
  if (isRestrictedKey(reply.status, reply.text)) return { health: 'ok', models: [] }
  return reply.status === 200 ? unreachable : failed(reply)
}

/** Servers of one's own often show the list to anybody, or have none: then one token of an answer has to tell. */
async function checkCustom(ask: ReturnType<typeof asker>): Promise<KeyCheck> {
  const list = await ask('/models', 'owner')
  if (list.status === 401 || list.status === 403) return failed(list)
  const models = readModels(list)
  if (models) {
    const { status } = await ask('/models', 'nobody')
    if (status === 401 || status === 403) return { health: 'ok', models }
  }
  const messages = [{ role: 'user', content: 'Hi' }]
  const question = { model: models?.[0] ?? 'default', messages, max_tokens: 1 }
  const reply = await ask('/chat/completions', 'owner', question)
  if (reply.status === 200)
    return isCompletion(reply.text) ? { health: 'ok', models: models ?? [] } : unreachable
  const verdict = failed(reply)
  if (verdict.health === 'out_of_quota' || !isAboutTheQuestion(reply)) return verdict
  // Whoever complains of the question, and not of the key, has let the key in: unless it is said to everybody.
  if (models) return { health: 'ok', models }
  const { status } = await ask('/chat/completions', 'nobody', question)
  return status === 401 || status === 403 ? { health: 'ok', models: [] } : verdict
}

/** A server of models that does not take the model or a parameter; at a wrong address there is no such path. */
function isAboutTheQuestion({ status, text }: Reply): boolean {
  if (!isVendorError(text)) return false
  return status === 400 || status === 422 || (status === 404 && /model/i.test(text))
}

function isCompletion(text: string): boolean {
  try {
    return z.object({ choices: z.array(z.unknown()).min(1) }).safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}

/**
 * Asks the provider whether it takes the key, with a call that really authenticates, within 15 s. Never throws for what
 * the provider or the network do, and repeats nothing of what they said.
 */
export async function checkModelKey(access: ModelAccess): Promise<KeyCheck> {
  try {
    const check = await (access.provider === 'custom' ? checkCustom : checkVendor)(asker(access))
    if (check.health !== 'ok' || access.provider !== 'openai') return check
    return { ...check, models: check.models.filter((model) => !NOT_FOR_CHAT.test(model)) }
  } catch (error) {
    if (!(error instanceof OutboundRefused)) return unreachable
    return { ...unreachable, refused: error.reason }
  }
}
