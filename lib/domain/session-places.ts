import { networkOf } from '../core/network'
import { db } from '../store/db'
import { KEEP_MS } from './sessions'

/** Whether the account with this address signed in from this network within 30 days. Asks the same for an account that is not there. */
export async function isKnownPlace(
  email: string,
  clientIp: string | null | undefined,
  now: Date = new Date(),
): Promise<boolean> {
  if (!clientIp) return false
  const since = new Date(now.getTime() - KEEP_MS)
  const places = await db().session.groupBy({
    by: ['clientIp'],
    where: { user: { email }, createdAt: { gt: since } },
  })
  return places.some((place) => place.clientIp !== null && networkOf(place.clientIp) === networkOf(clientIp))
}
