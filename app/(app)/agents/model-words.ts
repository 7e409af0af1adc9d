import type { ModelProvider } from '@/lib/core/model-providers'
import type { Agent } from '@/lib/core/schemas'

type OwnSource = Exclude<Agent['model']['source'], 'twig'>

/** Whose key each choice of the Model drop-down asks with. */
export const SOURCE_PROVIDERS: Readonly<Record<OwnSource, ModelProvider>> = {
  openai_key: 'openai',
  anthropic_key: 'anthropic',
  custom_key: 'custom',
}

/** What the drop-down calls them (C3). */
export const SOURCE_LABELS: Readonly<Record<OwnSource, string>> = {
  openai_key: 'Use my OpenAI key',
  anthropic_key: 'Use my Anthropic key',
  custom_key: 'Use my custom model',
}

/** Whose server answers, in a sentence. */
export const SOURCE_OWNERS: Readonly<Record<OwnSource, string>> = {
  openai_key: 'your OpenAI key',
  anthropic_key: 'your Anthropic key',
  custom_key: 'your custom endpoint',
}
