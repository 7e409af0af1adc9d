import type { Interaction, Payer } from '@/lib/core/answer-schemas'
import { errorTable } from '@/lib/core/errors'

/** Who pays. */
export const PAYER_NAMES: Readonly<Record<Payer, string>> = {
  organization: 'your organization',
  twig: 'Twig',
}

/** Who pays, in a few words. */
export function payerText(payer: Payer): string {
  return `Billed to ${PAYER_NAMES[payer]}`
}

/** `340 ms`, or `2.4 s` from a second on. */
export function secondsText(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`
}

/** `0.8215` as `82 %`. */
export function similarityText(similarity: number): string {
  return `${Math.round(similarity * 100)} %`
}

export const STATUS_NAMES: Readonly<Record<Interaction['status'], string>> = {
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

export const KIND_NAMES = { query: 'Query', chat: 'Chat' } as const

/** Where the reference sends programs to a member of their answer that a page does not have. */
const FIXES_FOR_PEOPLE: Readonly<Record<string, string>> = {
  external_key_rejected:
    'Settings → External API Keys says how the key fares; replace it there, or choose another in the agent’s configuration.',
  provider_error:
    'Ask again. If it stays, see whether the model’s name is right and the question not too long, and look at the provider’s status page.',
}

/** What mends an error, in words for a page; null for one that the reference does not have. */
export function fixText(code: string): string | null {
  const found = Object.entries(errorTable).find(([name]) => name === code)
  return found ? (FIXES_FOR_PEOPLE[code] ?? found[1].fix) : null
}
