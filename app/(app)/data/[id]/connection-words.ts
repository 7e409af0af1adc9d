import { CONNECTORS, type Connection } from '@/lib/core/connectors'
import type { SourceSync } from '@/lib/core/sync-schemas'

/** "Support, Sales and 3 more". */
export function namesText(names: readonly string[], shown = 3): string {
  const named = names.slice(0, shown)
  const more = names.length - named.length
  if (more > 0) return `${named.join(', ')} and ${more} more`
  const last = named.at(-1) ?? ''
  return named.length < 2 ? last : `${named.slice(0, -1).join(', ')} and ${last}`
}

/** Whether a sync is going on or about to. */
export function isSyncing({ phase }: Pick<SourceSync, 'phase'>): boolean {
  return phase !== 'idle'
}

interface Moving {
  connection: Pick<Connection, 'state' | 'receipt'>
  sync: Pick<SourceSync, 'phase'>
}

/** Whether what is shown of a connection changes by itself soon: a sync, an outage, a revocation that is asked for again. */
export function isMoving({ connection, sync }: Moving): boolean {
  const isAsked = connection.receipt?.provider.outcome === 'pending'
  return isSyncing(sync) || connection.state === 'retrying' || isAsked
}

/** Whether a time is still to come: a plan that is overdue is about to be carried out. */
export function isAhead(time: string | null, nowMs: number = Date.now()): time is string {
  return time !== null && Date.parse(time) > nowMs
}

/** How far a sync has come, in percent; null while nobody knows how much there is. */
export function syncPercent({
  phase,
  found,
  done,
}: Pick<SourceSync, 'phase' | 'found' | 'done'>): number | null {
  if (phase !== 'fetching' || found === 0) return null
  return Math.min(100, Math.floor((done / found) * 100))
}

const counted = (count: number, one: string, many: string) =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** What the sync does now, with live counts. */
export function syncText(connection: Connection, sync: SourceSync, documents: number): string {
  const { name } = CONNECTORS[connection.provider]
  const { phase, found, done, failed, skipped } = sync
  const lost = [failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`].filter(Boolean)
  const rest = lost.length > 0 ? ` · ${lost.join(' · ')}` : ''
  if (connection.state === 'disconnected') return 'Disconnected: nothing is read any more'
  if (connection.state === 'connection_failed') return 'Stopped until it is reconnected'
  if (connection.state === 'retrying') return `Waiting until ${name} answers again`
  if (phase === 'waiting') return 'About to begin'
  if (phase === 'listing')
    return `Looking for changes at ${name} · ${found.toLocaleString('en')} found so far`
  if (phase === 'fetching')
    return `Reading ${done.toLocaleString('en')} of ${counted(found, 'document', 'documents')}${rest}`
  if (sync.selection.length === 0) return 'Nothing is chosen yet'
  if (sync.finished_at === null) return 'The first sync has not ended yet'
  return `Up to date · ${counted(documents, 'document', 'documents')}${rest}`
}

/** How the permission is, in two words and a sentence. */
export function tokenWords({ state, provider, token }: Connection): { value: string; hint: string } {
  const { name } = CONNECTORS[provider]
  if (state === 'disconnected') return { value: 'Deleted', hint: 'Twig keeps none.' }
  if (state === 'connection_failed') return { value: 'Refused', hint: `${name} does not take it any more.` }
  if (state === 'retrying') return { value: 'Kept', hint: `${name} does not answer; tried again by itself.` }
  if (token?.refreshes) return { value: 'Healthy', hint: 'Refreshes by itself' }
  if (token?.expires_at) return { value: 'Healthy', hint: `${name} gave none to refresh it with` }
  return { value: 'Healthy', hint: 'Does not expire' }
}
