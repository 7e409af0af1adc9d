import type { AuditLog } from '@/lib/core/audit-schemas'
import type { Callers } from '../../interactions/callers'

/** Nouns of actions whose name is not the word itself. */
const NOUNS: Readonly<Record<string, string>> = {
  api_key: 'API key',
  external_key: 'External API key',
  ip_allowlist: 'IP allowlist',
  sso: 'SSO',
  user: 'Person',
}

/** `data_source` as `Data source`. */
export function nounText(noun: string): string {
  const words = noun.replaceAll('_', ' ')
  return NOUNS[noun] ?? words.charAt(0).toUpperCase() + words.slice(1)
}

/** `api_key.created` as `API key created`. */
export function actionText(action: string): string {
  const [noun = '', ...verb] = action.split('.')
  return [nounText(noun), ...verb.map((word) => word.replaceAll('_', ' '))].join(' ')
}

/** Kinds of actors that are nobody in particular. */
export const SELVES = { operator: 'The command line', system: 'Twig itself' } as const

/** Who did it, by name where it is known. */
export function actorText({ actor_kind: kind, actor_id: id }: AuditLog, { keys, people }: Callers): string {
  if (kind === 'operator' || kind === 'system') return SELVES[kind]
  const known = (kind === 'key' ? keys : people).find((each) => each.id === id)
  return known?.name ?? `${kind === 'key' ? 'Key' : 'Person'} ${id}`
}
