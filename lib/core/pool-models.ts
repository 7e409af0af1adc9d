import { EXTRACTIVE_MODEL } from './extractive'
import type { ModelProvider } from './model-providers'

/** A model that Twig itself pays for, or runs. */
export interface PoolModel {
  name: string
  /** For people. */
  label: string
  /** `twig` needs nobody. */
  provider: Exclude<ModelProvider, 'custom'> | 'twig'
}

/** What Twig's pool offers, the provider's default first; which of it there is depends on the operator's keys. */
export const POOL_MODELS: readonly PoolModel[] = [
  { name: 'gpt-4.1-mini', label: 'GPT-4.1 mini', provider: 'openai' },
  { name: 'gpt-4.1', label: 'GPT-4.1', provider: 'openai' },
  { name: 'gpt-5.4-mini', label: 'GPT-5.4 mini', provider: 'openai' },
  { name: 'gpt-5.5', label: 'GPT-5.5', provider: 'openai' },
  { name: 'claude-haiku-4-5', label: 'Claude Haiku 4.5', provider: 'anthropic' },
  { name: 'claude-sonnet-4-6', label: 'Claude Sonnet 4.6', provider: 'anthropic' },
  { name: EXTRACTIVE_MODEL, label: 'Quotes from the sources, no provider', provider: 'twig' },
]

/** The model of a provider where nobody named one. */
export function defaultModel(provider: PoolModel['provider']): string {
  return POOL_MODELS.find((model) => model.provider === provider)?.name ?? EXTRACTIVE_MODEL
}
