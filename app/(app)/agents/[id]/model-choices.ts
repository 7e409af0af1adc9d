import type { KeyHealth, ModelProvider } from '@/lib/core/model-providers'
import { defaultModel, POOL_MODELS, type PoolModel } from '@/lib/core/pool-models'
import type { Agent } from '@/lib/core/schemas'

/** A key that the form offers. */
export interface KeyChoice {
  id: string
  name: string
  provider: ModelProvider
  last4: string
  health: KeyHealth
}

/** What the form offers to choose a model from. */
export interface ModelChoices {
  /** Of Twig's models; the value is the model's name, empty for the default. */
  pool: ReadonlyArray<{ value: string; label: string }>
  keys: readonly KeyChoice[]
  /** What is asked where no name is given; a custom endpoint has none. */
  defaults: Readonly<Record<ModelProvider, string | null>>
  /** Whether Twig's pool has a model that could stand in for a key that fails. */
  canFallBack: boolean
}

/** Twig's models as the form offers them: the default, those that are here, and the agent's own where it is not. */
function poolChoices(models: readonly PoolModel[], present: Agent['model']): ModelChoices['pool'] {
  const named = models.map(({ name, label }) => ({ value: name, label }))
  const fallback = { value: '', label: `Twig’s default: ${models[0]?.label ?? ''}` }
  const chosen = present.source === 'twig' ? present.name : null
  const missing = chosen !== null && models.every(({ name }) => name !== chosen)
  const label = POOL_MODELS.find(({ name }) => name === chosen)?.label ?? chosen ?? ''
  return [
    fallback,
    // The only one is the default already.
    ...(named.length > 1 || chosen !== null ? named : []),
    ...(missing ? [{ value: chosen, label: `${label} (not here; the default answers)` }] : []),
  ]
}

/** All that the form offers, for an agent as it is. */
export function modelChoices(
  models: readonly PoolModel[],
  keys: readonly KeyChoice[],
  present: Agent['model'],
): ModelChoices {
  return {
    pool: poolChoices(models, present),
    keys: keys.map(({ id, name, provider, last4, health }) => ({ id, name, provider, last4, health })),
    defaults: { openai: defaultModel('openai'), anthropic: defaultModel('anthropic'), custom: null },
    canFallBack: models[0]?.provider !== 'twig',
  }
}
