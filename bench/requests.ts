import { randomBase62 } from '../lib/core/ids'
import { Problem } from '../server/problem.mjs'
import { requestBytes } from './load/job'

const FORGED = 1_000

type Headers = Readonly<Record<string, string>>

export const whoamiUrl = (url: string) => `${url}/api/v1/whoami`

export function bearer(key: string): Record<string, string> {
  return { Authorization: `Bearer ${key}` }
}

/** `GET /whoami` with a key, and with what else a caller there says. */
export function goodRequests(url: string, key: string, headers: Headers = {}): Uint8Array[] {
  return [requestBytes(whoamiUrl(url), { headers: { ...headers, ...bearer(key) } })]
}

/** `GET /whoami` with a thousand keys of the right form whose tags are made up. */
export function forgedRequests(url: string, headers: Headers = {}): Uint8Array[] {
  return Array.from({ length: FORGED }, () =>
    requestBytes(whoamiUrl(url), { headers: { ...headers, ...bearer(`twigsk_live_${randomBase62(52)}`) } }),
  )
}

/** @throws Problem unless all answers had the one status that was expected */
export function requireStatus(
  name: string,
  statuses: Readonly<Record<number, number>>,
  expected: number,
): void {
  const others = Object.entries(statuses).filter(([status]) => Number(status) !== expected)
  if (others.length === 0 && statuses[expected]) return
  const told = others.map(([status, count]) => `${count} × ${status}`).join(', ') || 'nothing'
  throw new Problem(`${name} answered ${told} where ${expected} was expected; nothing of this run counts.`)
}
