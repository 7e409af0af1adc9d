import { compileRanges, holdsText } from '../core/ip-ranges'
import { type Principal, requirePermission } from '../core/principal'
import type { AllowlistPreview } from '../core/protection-schemas'
import { allowlistState } from './allowlist-ranges'
import { recentCallers } from './usage-callers'

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
  const [{ ranges }, callers] = await Promise.all([
    allowlistState(principal),
    recentCallers(principal.organizationId, DAYS, now),
  ])
  const list = compileRanges([...ranges.map((range) => range.cidr), ...(cidr === undefined ? [] : [cidr])])
  const isKnown = ({ clientIp }: { clientIp: string }) => clientIp !== '' && clientIp !== 'other'
  const sum = (some: ReadonlyArray<{ requests: number }>) =>
    some.reduce((total, { requests }) => total + requests, 0)
  const outside = callers.filter((caller) => isKnown(caller) && !holdsText(list, caller.clientIp))
  return {
    requests: sum(callers),
    blocked: sum(outside),
    addresses: outside.length,
    busiest: outside.slice(0, SHOWN_MAX).map(({ clientIp, requests, lastSeenAt }) => {
      return { clientIp, requests, lastSeenAt: lastSeenAt.toISOString() }
    }),
    unknown: sum(callers.filter((caller) => !isKnown(caller))),
  }
}
