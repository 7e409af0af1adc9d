import { addressUnknown, ipNotAllowed } from '../core/allowlist'
import type { TwigError } from '../core/errors'
import { compileRanges, holdsText } from '../core/ip-ranges'
import type { Allowlist } from '../edge/key-cache'
import { db, inTime, type Transaction } from '../store/db'

/** What an organization's row says of its allowlist. */
export interface Listing {
  id: string
  policyVersion: number
  allowlistInForce: boolean
  allowlistCoversConsole: boolean
}

/** The columns of it. */
export const listing = {
  id: true,
  policyVersion: true,
  allowlistInForce: true,
  allowlistCoversConsole: true,
} as const

const CACHED_MAX = 1_000
/** Lists by organization as of a version; every change raises it. */
const cached = new Map<string, { version: number; allowlist: Allowlist }>()

/**
 * An organization's allowlist while it is in force, else null. The row is the caller's to read anew each time; the ranges
 * are read once for each version. Throws when Postgres does not answer: a list that cannot be read is never no list.
 * @param tx where the version is not committed yet, so that nothing is kept
 */
export async function allowlistOf(row: Listing, tx?: Transaction): Promise<Allowlist | null> {
  const { id, policyVersion: version, allowlistCoversConsole: coversConsole } = row
  if (!row.allowlistInForce) return null
  const known = cached.get(id)
  if (!tx && known?.version === version) return known.allowlist
  const ranges = await (tx ?? db()).allowlistRange.findMany({
    where: { organizationId: id },
    select: { cidr: true },
  })
  const allowlist = { ...compileRanges(ranges.map(({ cidr }) => cidr)), coversConsole }
  if (!tx) {
    if (cached.size >= CACHED_MAX) cached.clear()
    cached.set(id, { version, allowlist })
  }
  return allowlist
}

/** The error with which an allowlist keeps a caller out, or null. */
export async function refusalAt(
  row: Listing,
  clientIp: string | null | undefined,
  surface: 'api' | 'console',
): Promise<TwigError | null> {
  if (!row.allowlistInForce || (surface === 'console' && !row.allowlistCoversConsole)) return null
  const allowlist = await allowlistOf(row)
  if (!allowlist) return null
  if (!clientIp) return addressUnknown()
  return holdsText(allowlist, clientIp) ? null : ipNotAllowed(clientIp)
}

/**
 * Why the list as it is now keeps a caller out who was let in before, or null: for work that outlasts its request. Throws
 * when Postgres does not answer.
 */
export async function lostPlace(
  organizationId: string,
  clientIp: string | null | undefined,
  surface: 'api' | 'console',
): Promise<TwigError | null> {
  const row = await inTime(db().organization.findUnique({ where: { id: organizationId }, select: listing }))
  return row && refusalAt(row, clientIp, surface)
}
