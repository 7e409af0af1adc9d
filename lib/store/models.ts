import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, type LanguageModel, streamText } from 'ai'
import type { ModelProvider } from '../core/model-providers'
import { modelPlace } from './model-catalogue'
import { failureOf, ModelFailure, tooSlow } from './model-failure'

/** Where a question goes, and with whose key. */
export interface ModelTarget {
  provider: ModelProvider
  apiKey: string
  /** Base address of an OpenAI-compatible server, its version included; of `custom` alone. */
  endpoint: string | null
  /** As the provider names it. */
  model: string
}

interface ModelMessage {
  role: 'user' | 'assistant'
  content: string
}

export interface ModelQuestion {
  /** What stands above the conversation. */
  system: string
  messages: readonly ModelMessage[]
  temperature: number | null
  maxTokens: number | null
}

export interface ModelAnswer {
  text: string
  /** As the provider counted; null where it did not tell. */
  usage: { inputTokens: number; outputTokens: number } | null
}

/** How long a provider is waited for, in milliseconds. */
export interface Patience {
  /** For a whole answer: less than the minute after which common proxies give up on us. */
  wholeMs: number
  /** For the next piece of a stream, the first one included. */
  pieceMs: number
  /** For all of a stream. */
  streamMs: number
}

const PATIENCE: Patience = { wholeMs: 55_000, pieceMs: 45_000, streamMs: 300_000 }

const ANSWER_MAX_BYTES = 8 * 1024 * 1024
/** Of text; far more than any model writes at once. */
const TEXT_MAX = 1024 * 1024

// Otherwise the SDK writes its advice to the console, past the log.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

/** The SDK's model. Addresses that a person typed are called through the guard, the operator's own directly. */
function modelAt({ provider, apiKey, endpoint, model }: ModelTarget, timeoutMs: number): LanguageModel {
  const { baseUrl: baseURL, fetch } = modelPlace(
    { provider, endpoint },
    { maxBytes: ANSWER_MAX_BYTES, timeoutMs },
  )
  switch (provider) {
    case 'openai':
      // Chat completions: the format that every server in OpenAI's place speaks as well.
      return createOpenAI({ apiKey, baseURL, fetch }).chat(model)
    case 'anthropic':
      return createAnthropic({ apiKey, baseURL, fetch })(model)
    case 'custom':
      return createOpenAICompatible({ name: 'custom', apiKey, baseURL, fetch, includeUsage: true })(model)
  }
}

function settings(question: ModelQuestion) {
  const { system, messages, temperature, maxTokens } = question
  return {
    system,
    messages: [...messages],
    ...(temperature === null ? {} : { temperature }),
    ...(maxTokens === null ? {} : { maxOutputTokens: maxTokens }),
    // A repeated call costs its owner twice; whoever called us may try again.
    maxRetries: 0,
  }
}

function usageOf(usage: {
  inputTokens?: number | undefined
  outputTokens?: number | undefined
}): ModelAnswer['usage'] {
  const { inputTokens, outputTokens } = usage
  // Servers that do not count say nothing or zero: no answer costs nothing.
  return inputTokens && outputTokens !== undefined ? { inputTokens, outputTokens } : null
}

/** Only what the provider itself calls finished is an answer: a stream that merely ends was cut. */
function requireWhole(text: string, finish: string | undefined): void {
  if (finish === undefined) throw new ModelFailure('broken', 'The provider broke off before the end.')
  if (text.trim() === '') throw new ModelFailure('broken', `The provider ended without any text (${finish}).`)
}

/**
 * Asks a model. With `onText` the answer is streamed and each piece handed over as it comes; the whole is returned in any
 * case. Throws ModelFailure, or the signal's reason once that is aborted: the call then ends at the provider too.
 */
export async function askModel(
  place: ModelTarget,
  question: ModelQuestion,
  {
    signal,
    onText,
    patience = PATIENCE,
  }: {
    signal: AbortSignal
    onText?: ((text: string) => void) | undefined
    patience?: Patience
  },
): Promise<ModelAnswer> {
  signal.throwIfAborted()
  try {
    return await (onText
      ? streamed(place, question, { signal, onText, patience })
      : whole(place, question, signal, patience))
  } catch (error) {
    signal.throwIfAborted()
    throw failureOf(error, place.apiKey)
  }
}

async function whole(
  place: ModelTarget,
  question: ModelQuestion,
  signal: AbortSignal,
  { wholeMs }: Patience,
): Promise<ModelAnswer> {
  const model = modelAt(place, wholeMs)
  const { text, rawFinishReason, usage } = await generateText({
    model,
    ...settings(question),
    abortSignal: signal,
  })
  requireWhole(text, rawFinishReason)
  return { text, usage: usageOf(usage) }
}

async function streamed(
  place: ModelTarget,
  question: ModelQuestion,
  { signal, onText, patience }: { signal: AbortSignal; onText: (text: string) => void; patience: Patience },
): Promise<ModelAnswer> {
  const model = modelAt(place, patience.streamMs)
  const late = new AbortController()
  const wait = () => setTimeout(() => late.abort(tooSlow()), patience.pieceMs)
  let timer = wait()
  const abortSignal = AbortSignal.any([signal, late.signal])
  const answer: ModelAnswer = { text: '', usage: null }
  let finish: string | undefined
  try {
    const { fullStream } = streamText({ model, ...settings(question), abortSignal, onError: () => {} })
    for await (const part of fullStream) {
      clearTimeout(timer)
      timer = wait()
      if (part.type === 'error') throw part.error
      if (part.type === 'abort') break
      if (part.type === 'text-delta' && part.text !== '') {
        answer.text += part.text
        if (answer.text.length > TEXT_MAX) throw new ModelFailure('broken', 'The provider did not stop.')
        onText(part.text)
      }
      if (part.type === 'finish') {
        finish = part.rawFinishReason
        answer.usage = usageOf(part.totalUsage)
      }
    }
    late.signal.throwIfAborted()
    signal.throwIfAborted()
    requireWhole(answer.text, finish)
    return answer
  } finally {
    clearTimeout(timer)
    // Whatever ended it, the provider is to write nothing more.
    late.abort()
  }
}
