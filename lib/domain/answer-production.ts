import type { Answer, Payer, Source } from '../core/answer-schemas'
import { TwigError } from '../core/errors'
import { extract } from '../core/extractive'
import { randomBase62 } from '../core/ids'
import type { Principal } from '../core/principal'
import { buildPrompt, fitExcerpts, type PastTurn } from '../core/prompt'
import type { Agent } from '../core/schemas'
import { inBackground } from '../store/background'
import { inTransaction } from '../store/db'
import { ModelFailure } from '../store/model-failure'
import { askModel, type Patience } from '../store/models'
import { recordAudit } from './audit'
import { chooseFromPool, chooseModel, type ModelChoice } from './model-choice'
import { isWorthFallback, modelError, noteUse } from './model-errors'
import type { Passage } from './retrieval'

/** What an answer is made from. */
export interface Material {
  principal: Principal
  agent: Agent
  question: { text: string; temperature: number | null; maxTokens: number | null }
  history: readonly PastTurn[]
  passages: readonly Passage[]
  patience: Patience | undefined
}

/** An answer in the making: filled in as it comes, so that what broke off is known as far as it came. */
export interface Produced {
  text: string
  sources: Source[]
  model: string
  /** Null until a model was asked. */
  payer: Payer | null
  usage: Answer['usage'] | null
  notice: string | null
}

interface Surroundings {
  signal: AbortSignal
  onText: ((text: string) => void) | undefined
  onPayer: ((payer: Payer) => void) | undefined
}

const FENCE_DIGITS = 16

const NO_PROVIDER =
  'No model provider is configured, so Twig quoted the sources word for word. For written answers add a key in Settings → External API Keys and choose it in the agent’s configuration; the operator can set TWIG_OPENAI_API_KEY or TWIG_ANTHROPIC_API_KEY instead.'
const CHOSEN_EXTRACTIVE = 'The agent is set to quote its sources word for word.'
const NOTHING_FITS = 'The sources of this agent hold nothing that answers this.'
const NO_SOURCES =
  'This agent has no data sources to answer from. Add some under Data, and choose them in the agent’s configuration.'

function sourcesOf(passages: readonly Passage[]): Source[] {
  return passages.map(({ chunkId, similarity, documentTitle, documentUrl }) => ({
    chunk_id: chunkId,
    similarity: Math.round(similarity * 10_000) / 10_000,
    document_title: documentTitle,
    document_url: documentUrl,
  }))
}

function titled(passages: readonly Passage[]) {
  return passages.map((passage) => ({ ...passage, title: passage.documentTitle }))
}

/** Quotes; no provider is asked and nothing is counted. */
function quote({ agent, question, passages }: Material, produced: Produced, around: Surroundings): void {
  const nothing = agent.data_source_ids.length === 0 ? NO_SOURCES : NOTHING_FITS
  const found = extract(question.text, titled(passages))
  const pieces = found?.pieces ?? [nothing]
  produced.sources = sourcesOf((found?.used ?? []).flatMap((place) => passages[place] ?? []))
  produced.usage = { input_tokens: 0, output_tokens: 0 }
  produced.notice = agent.model.name === produced.model ? CHOSEN_EXTRACTIVE : NO_PROVIDER
  for (const [place, piece] of pieces.entries()) {
    const text = place === 0 ? piece : `\n\n${piece}`
    produced.text += text
    around.onText?.(text)
  }
}

async function write(
  { agent, question, history, passages, patience }: Material,
  choice: Extract<ModelChoice, { kind: 'model' }>,
  produced: Produced,
  around: Surroundings,
): Promise<void> {
  const excerpts = fitExcerpts(titled(passages))
  produced.sources = sourcesOf(excerpts)
  const prompt = buildPrompt(
    {
      agentName: agent.name,
      instructions: agent.instructions,
      hasSources: agent.data_source_ids.length > 0,
      excerpts,
      history,
      question: question.text,
    },
    randomBase62(FENCE_DIGITS),
  )
  const { temperature, maxTokens } = question
  const { onText } = around
  const answer = await askModel(
    choice.target,
    { ...prompt, temperature, maxTokens },
    {
      signal: around.signal,
      ...(patience ? { patience } : {}),
      ...(onText && {
        onText: (text: string) => {
          produced.text += text
          onText(text)
        },
      }),
    },
  )
  produced.text = answer.text
  produced.usage = answer.usage && {
    input_tokens: answer.usage.inputTokens,
    output_tokens: answer.usage.outputTokens,
  }
}

/** Notes how the organization's key fared; the answer does not wait for it. */
function note(organizationId: string, choice: ModelChoice, failure: ModelFailure | null): void {
  if (choice.kind !== 'model' || choice.externalKeyId === null) return
  const { externalKeyId } = choice
  inBackground('external key health', () => noteUse(organizationId, externalKeyId, failure))
}

/** Answers with one model. Throws TwigError for whatever it came to, or the signal's reason. */
async function answerWith(
  material: Material,
  choice: ModelChoice,
  produced: Produced,
  around: Surroundings,
): Promise<void> {
  produced.model = choice.model
  produced.payer = choice.payer
  if (choice.kind === 'extractive') {
    around.onPayer?.(choice.payer)
    return quote(material, produced, around)
  }
  let isTold = false
  const onText = around.onText
  const tell = () => {
    if (!isTold) around.onPayer?.(choice.payer)
    isTold = true
  }
  const telling: Surroundings = {
    ...around,
    onText:
      onText &&
      ((text) => {
        tell()
        onText(text)
      }),
  }
  try {
    await write(material, choice, produced, telling)
    tell()
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error
    note(material.principal.organizationId, choice, error)
    throw modelError(error, choice.payer === 'organization')
  }
  note(material.principal.organizationId, choice, null)
}

/** Whether Twig's pool may answer in place of the organization's own key: only where the agent allows it, and nothing was written yet. */
function fallback(agent: Agent, produced: Produced, error: unknown): ModelChoice | null {
  if (!agent.allow_fallback || agent.model.source === 'twig' || produced.text !== '') return null
  if (!(error instanceof TwigError)) return null
  const isProviders = ['external_key_rejected', 'provider_error', 'provider_timeout'].includes(error.code)
  if (!isProviders || (error.cause instanceof ModelFailure && !isWorthFallback(error.cause))) return null
  const choice = chooseFromPool(null)
  // Quotations are no stand-in for the model that was chosen.
  return choice.kind === 'model' ? choice : null
}

/**
 * Makes the answer. The organization's key that fails is never stood in for by Twig's pool unless the agent's switch says
 * so; then the audit log has it before the pool is asked, and the answer says who is billed and why.
 */
export async function produce(material: Material, produced: Produced, around: Surroundings): Promise<void> {
  const { principal, agent } = material
  try {
    const choice = await chooseModel(principal.organizationId, agent)
    return await answerWith(material, choice, produced, around)
  } catch (error) {
    around.signal.throwIfAborted()
    const choice = fallback(agent, produced, error)
    if (!choice || !(error instanceof TwigError)) throw error
    await inTransaction((tx) =>
      recordAudit(tx, principal, {
        action: 'agent.fell_back',
        targetId: agent.id,
        after: {
          model: choice.model,
          billed_to: 'twig',
          failure: error.code,
          external_key_id: agent.model.external_key_id,
        },
      }),
    )
    produced.notice = `Your organization’s key failed (${error.code}); Twig’s pool answered, as this agent allows.`
    await answerWith(material, choice, produced, around)
  }
}
