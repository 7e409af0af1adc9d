import { compileRanges, holdsText } from '../core/ip-ranges'
import { type Principal, requirePermission } from '../core/principal'
import type { AllowlistPreview } from '../core/protection-schemas'
import { allowlistState } from './allowlist-ranges'
import { recentAddresses } from './usage-addresses'

const DAYS = 7
const SHOWN_MAX = 10

/**
 * Tries a list on the traffic with the organization's keys in the last 7 days, today included.
 * @param input a range to try beside those that there are
 */
export async function previewAllowlist(
  principal: Principal,
  { cidr }: { cidr?: string },
  now: Date = new Date(),
): Promise<AllowlistPreview> {
  requirePermission(principal, 'security:read')
  const [{ ranges }, addresses] = await Promise.all([
    allowlistState(principal),
    recentAddresses(principal.organizationId, DAYS, now),
  ])
  const list = compileRanges([...ranges.map((range) => range.cidr), ...(cidr === undefined ? [] : [cidr])])
  const isKnown = ({ clientIp }: { clientIp: string }) => clientIp !== '' && clientIp !== 'other'
  const sum = (some: ReadonlyArray<{ requests: number }>) =>
    some.reduce((total, { requests }) => total + requests, 0)
  const outside = addresses.filter((address) => isKnown(address) && !holdsText(list, address.clientIp))
  return {
    requests: sum(addresses),
    blocked: sum(outside),
    addresses: outside.length,
    busiest: outside.slice(0, SHOWN_MAX).map(({ clientIp, requests, lastSeenAt }) => {
      return { clientIp, requests, lastSeenAt: lastSeenAt.toISOString() }
    }),
    unknown: sum(addresses.filter((address) => !isKnown(address))),
  }
}
