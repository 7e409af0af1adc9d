import type { Answer, ChatInput, Payer, PlaygroundInput, QueryInput } from '../core/answer-schemas'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import type { Principal, UserPrincipal } from '../core/principal'
import type { PastTurn } from '../core/prompt'
import type { Agent } from '../core/schemas'
import { inBackground } from '../store/background'
import { isDatabaseOutage } from '../store/db'
import { metrics } from '../store/metrics'
import type { Patience } from '../store/models'
import { getAnsweringAgent } from './agents'
import { type Produced, produce } from './answer-production'
import { recordInteraction, sessionTurns } from './interactions'
import { plannedModel } from './model-choice'
import { retrieve } from './retrieval'
import { countAttempt, questionAttempt } from './throttle'
import { CallerLeft, systemClock, type TurnClock, watchTurn } from './turn-watch'

/** Around an answer while it is made. */
export interface Circumstances {
  /** Of the caller's connection: aborted when the caller goes away. */
  signal?: AbortSignal | undefined
  /** Takes the answer as it is written; without it the answer comes as a whole. */
  onText?: (text: string) => void
  /** Told once who is billed, before the first text. */
  onPayer?: (payer: Payer) => void
  clock?: TurnClock
  patience?: Patience
}

/** A question that may be answered: agent and session are there, and the caller may ask. */
export interface OpenTurn {
  /** Who is billed, as far as it is certain before a model was asked; null where the agent may fall back. */
  payer: Payer | null
  /**
   * Answers it, once. Whatever comes of it is an interaction: succeeded, failed, or cancelled where the caller left.
   * Throws external_key_rejected, provider_error, provider_timeout, what ended the caller's right, or CallerLeft.
   */
  run(circumstances?: Circumstances): Promise<Answer>
}

interface Question {
  kind: 'query' | 'chat'
  text: string
  sessionId: string | undefined
  temperature: number | null
  maxTokens: number | null
}

async function openTurn(principal: Principal, agent: Agent, question: Question): Promise<OpenTurn> {
  const { organizationId } = principal
  const { sessionId } = question
  const history = sessionId === undefined ? [] : await sessionTurns(agent, organizationId, sessionId)
  const isOwnKey = agent.model.source !== 'twig'
  return {
    payer: isOwnKey ? (agent.allow_fallback ? null : 'organization') : 'twig',
    run: (circumstances = {}) => {
      const work = answer(principal, agent, question, history, circumstances)
      // Whoever ends the process waits for it to be written down.
      inBackground('turn', () =>
        work.then(
          () => undefined,
          () => undefined,
        ),
      )
      return work
    },
  }
}

/** What a follow-up asks of the documents: alone where that finds something, else with the question before it. */
async function passagesFor(
  organizationId: string,
  agent: Agent,
  question: string,
  history: readonly PastTurn[],
) {
  const where = { organizationId, environment: agent.environment, dataSourceIds: agent.data_source_ids }
  const found = await retrieve(where, question)
  const before = history.at(-1)?.input
  return found.length > 0 || before === undefined ? found : retrieve(where, `${before}\n${question}`)
}

function statusOf(error: unknown): { status: 'failed' | 'cancelled'; code: string | null } {
  if (error instanceof CallerLeft) return { status: 'cancelled', code: null }
  if (error instanceof TwigError) return { status: 'failed', code: error.code }
  return { status: 'failed', code: isDatabaseOutage(error) ? 'temporarily_unavailable' : 'internal_error' }
}

async function answer(
  principal: Principal,
  agent: Agent,
  question: Question,
  history: readonly PastTurn[],
  { signal, onText, onPayer, clock = systemClock, patience }: Circumstances,
): Promise<Answer> {
  const startedMs = clock.nowMs()
  const id = newId('int')
  const sessionId = question.sessionId ?? newId('sess')
  const watch = watchTurn(principal, { signal, isStream: onText !== undefined }, clock)
  const produced: Produced = {
    text: '',
    sources: [],
    model: plannedModel(agent.model),
    payer: null,
    usage: null,
    notice: null,
  }
  let ending: { status: 'succeeded' | 'failed' | 'cancelled'; code: string | null } = {
    status: 'succeeded',
    code: null,
  }
  try {
    const passages = await passagesFor(principal.organizationId, agent, question.text, history)
    await produce({ principal, agent, question, history, passages, patience }, produced, {
      signal: watch.signal,
      onText,
      onPayer,
    })
  } catch (error) {
    ending = statusOf(error)
    throw error
  } finally {
    watch.end()
    metrics.turns.add(produced.payer ?? 'nobody', ending.status)
    await recordInteraction({
      id,
      organizationId: principal.organizationId,
      environment: agent.environment,
      agentId: agent.id,
      agentName: agent.name,
      sessionId,
      keyId: principal.kind === 'key' ? principal.keyId : null,
      userId: principal.kind === 'user' ? principal.userId : null,
      kind: question.kind,
      input: question.text,
      response: produced.text === '' ? null : produced.text,
      sources: produced.sources,
      model: produced.model,
      billedTo: produced.payer,
      inputTokens: produced.usage?.input_tokens ?? null,
      outputTokens: produced.usage?.output_tokens ?? null,
      latencyMs: Math.max(0, Math.round(clock.nowMs() - startedMs)),
      ...ending,
      requestId: principal.requestId ?? null,
    })
  }
  const { text: response, sources, model, payer, usage, notice } = produced
  return {
    id,
    response,
    sources,
    session_id: sessionId,
    latency_ms: Math.max(0, Math.round(clock.nowMs() - startedMs)),
    model,
    billed_to: payer ?? 'twig',
    usage: usage ?? { input_tokens: 0, output_tokens: 0 },
    notice,
  }
}

/** Makes ready to answer one question. Throws not_found for an agent or session that is not there. */
export async function openQuery(principal: Principal, input: QueryInput): Promise<OpenTurn> {
  const agent = await getAnsweringAgent(principal, input.agent_id)
  return openTurn(principal, agent, {
    kind: 'query',
    text: input.query,
    sessionId: input.session_id,
    temperature: input.temperature ?? agent.temperature,
    maxTokens: input.max_tokens ?? agent.max_tokens,
  })
}

/** Makes ready to answer one turn of a conversation. Throws not_found for an agent or session that is not there. */
export async function openChat(principal: Principal, input: ChatInput): Promise<OpenTurn> {
  const agent = await getAnsweringAgent(principal, input.agent_id)
  return openTurn(principal, agent, {
    kind: 'chat',
    text: input.message,
    sessionId: input.session_id,
    temperature: agent.temperature,
    maxTokens: agent.max_tokens,
  })
}

/** Counts a person's question. Throws rate_limit_exceeded with the seconds to wait. */
async function requirePace({ userId, organizationId }: UserPrincipal): Promise<void> {
  await countAttempt(questionAttempt(userId, organizationId)).catch((error: unknown) => {
    if (!(error instanceof TwigError && error.code === 'too_many_failed_attempts')) throw error
    const { retryAfterSeconds = 1 } = error
    throw new TwigError(
      'rate_limit_exceeded',
      `You ask faster than the playground answers. Try again in ${retryAfterSeconds} s.`,
      { details: { scope: 'execute', retry_after: retryAfterSeconds }, retryAfterSeconds },
    )
  })
}

/**
 * The same for a person in the console's playground, whichever environment the agent is of. Throws rate_limit_exceeded as
 * well: no key's bucket counts a person's questions.
 */
export async function openPlayground(principal: UserPrincipal, input: PlaygroundInput): Promise<OpenTurn> {
  const { id: agent_id, message, session_id } = input
  const turn = await openChat(principal, { agent_id, message, session_id, stream: true })
  await requirePace(principal)
  return turn
}
