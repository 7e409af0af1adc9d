import type { Interaction, Payer } from '@/lib/core/answer-schemas'

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
