/** Whose models an organization can bring a key for (C1), light enough for the browser. */
export const modelProviders = ['openai', 'anthropic', 'custom'] as const
export type ModelProvider = (typeof modelProviders)[number]

/** How a key fared when it was last used or checked; `unreadable` cannot be decrypted any more. */
export const keyHealths = ['ok', 'rejected', 'out_of_quota', 'unreachable', 'unreadable'] as const
export type KeyHealth = (typeof keyHealths)[number]

export const PROVIDER_NAMES: Readonly<Record<ModelProvider, string>> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  custom: 'Custom',
}
