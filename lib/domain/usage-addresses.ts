import { db } from '../store/db'

/** Requests from one address over some days. */
export interface AddressTraffic {
  /** Empty where it was unknown; `other` for those beyond what is told apart on a day. */
  clientIp: string
  requests: number
  lastSeenAt: Date
}

const DAY_MS = 86_400_000

/** From where an organization's keys were used in the last days (8 at most), today included; the busiest first. */
export async function recentAddresses(
  organizationId: string,
  days: number,
  now: Date = new Date(),
): Promise<AddressTraffic[]> {
  const since = new Date(now.getTime() - (days - 1) * DAY_MS).toISOString().slice(0, 10)
  const rows = await db().$queryRaw<Array<{ client_ip: string; requests: bigint; last_seen_at: Date }>>`
    SELECT client_ip, sum(requests)::bigint AS requests, max(last_seen_at) AS last_seen_at
    FROM usage_addresses WHERE organization_id = ${organizationId} AND day >= ${since}::date
    GROUP BY client_ip ORDER BY requests DESC, client_ip`
  return rows.map(({ client_ip: clientIp, requests, last_seen_at: lastSeenAt }) => {
    return { clientIp, requests: Number(requests), lastSeenAt }
  })
}
