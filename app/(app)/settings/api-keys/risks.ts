import { AGED_DAYS, isAged, isUnused, UNUSED_DAYS } from '@/lib/core/key-care'
import type { ApiKey } from '@/lib/core/key-schemas'

/** What a list of keys points out; each is a filter of the list as well. */
export const risks = ['aged', 'unused', 'admin'] as const
export type Risk = (typeof risks)[number]

/** Whether a key is one of those that a risk points out. */
export function hasRisk(risk: Risk, key: ApiKey, nowMs: number): boolean {
  if (risk === 'aged') return isAged(key, nowMs)
  if (risk === 'unused') return isUnused(key, nowMs)
  const works = key.state === 'active' || key.state === 'ending'
  return works && key.environment === 'live' && key.scopes.includes('admin')
}

/** "2 keys are older than 90 days", "1 live key has Admin". */
export function riskText(risk: Risk, count: number): string {
  const one = count === 1
  if (risk === 'aged') return `${count} ${one ? 'key is' : 'keys are'} older than ${AGED_DAYS} days`
  if (risk === 'unused') return `${count} ${one ? 'key' : 'keys'} unused for ${UNUSED_DAYS} days`
  return `${count} live ${one ? 'key has' : 'keys have'} Admin`
}
