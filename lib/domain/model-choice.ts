import type { Payer } from '../core/answer-schemas'
import { TwigError } from '../core/errors'
import { EXTRACTIVE_MODEL } from '../core/extractive'
import { defaultModel, POOL_MODELS, type PoolModel } from '../core/pool-models'
import type { Agent } from '../core/schemas'
import { nodeEnv } from '../env/node'
import type { ModelTarget } from '../store/models'
import { openExternalKey } from './external-keys'

/** What answers a question, and who pays for it. */
export type ModelChoice =
  | { kind: 'extractive'; model: string; payer: Payer }
  | { kind: 'model'; model: string; payer: Payer; target: ModelTarget; externalKeyId: string | null }

/** The key of Twig's pool for a provider, where the operator set one. */
function poolKey(provider: PoolModel['provider']): string | undefined {
  const { twigOpenAiKey, twigAnthropicKey } = nodeEnv()
  if (provider === 'openai') return twigOpenAiKey
  return provider === 'anthropic' ? twigAnthropicKey : undefined
}

/** The models of Twig's own that this installation has, the default first; the last one needs no provider. */
export function poolModels(): PoolModel[] {
  return POOL_MODELS.filter(({ provider }) => provider === 'twig' || poolKey(provider) !== undefined)
}

/**
 * The pool's model of this name; where it is none that the pool has, the pool's default, which without any provider
 * quotes the sources.
 */
export function chooseFromPool(name: string | null): ModelChoice {
  const models = poolModels()
  const found = models.find((model) => model.name === name) ?? models[0]
  const apiKey = found && poolKey(found.provider)
  if (!found || found.provider === 'twig' || apiKey === undefined)
    return { kind: 'extractive', model: EXTRACTIVE_MODEL, payer: 'twig' }
  const target = { provider: found.provider, apiKey, endpoint: null, model: found.name }
  return { kind: 'model', model: found.name, payer: 'twig', target, externalKeyId: null }
}

/** The model's name as far as it is known before a key is opened. */
export function plannedModel({ source, name }: Agent['model']): string {
  switch (source) {
    case 'twig':
      return chooseFromPool(name).model
    case 'openai_key':
      return name ?? defaultModel('openai')
    case 'anthropic_key':
      return name ?? defaultModel('anthropic')
    case 'custom_key':
      return name ?? 'default'
  }
}

/**
 * Opens what the agent is set to answer with. Throws external_key_rejected where its key is gone or cannot be decrypted.
 */
export async function chooseModel(organizationId: string, agent: Agent): Promise<ModelChoice> {
  const { source, name, external_key_id: id } = agent.model
  if (source === 'twig') return chooseFromPool(name)
  const key = id === null ? null : await openExternalKey(organizationId, id).catch(orNull)
  if (!key) {
    throw new TwigError(
      'external_key_rejected',
      'The external key of this agent was deleted. Choose another in the agent’s configuration.',
      { details: { detail: 'The key was deleted.' } },
    )
  }
  const { provider, endpoint, apiKey } = key
  const model = plannedModel(agent.model)
  const target = { provider, endpoint, apiKey, model }
  return { kind: 'model', model, payer: 'organization', target, externalKeyId: key.id }
}

function orNull(error: unknown): null {
  if (error instanceof TwigError && error.code === 'not_found') return null
  throw error
}
