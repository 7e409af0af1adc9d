import type { Principal } from '../core/principal'
import { SESSION_TTL_SECONDS } from '../core/session'
import { lapsedBy } from '../core/session-policy'
import { db } from '../store/db'
import { deviceName } from './devices'
import { asPerson } from './sessions'

/** One line of the list on the account page. */
export interface SessionListEntry {
  id: string
  device: string
  clientIp: string | null
  createdAt: Date
  lastSeenAt: Date
  current: boolean
}

const TTL_MS = SESSION_TTL_SECONDS * 1000

/** The caller's active sessions, the last used on top (A8). */
export async function listSessions(
  principal: Principal,
  now: Date = new Date(),
): Promise<SessionListEntry[]> {
  const person = asPerson(principal)
  const rows = await db().session.findMany({
    where: { userId: person.userId, endedAt: null, lastSeenAt: { gt: new Date(now.getTime() - TTL_MS) } },
    include: { organization: { select: { sessionIdleMinutes: true, sessionMaxAgeHours: true } } },
    orderBy: [{ lastSeenAt: 'desc' }, { id: 'asc' }],
  })
  const alive = rows.filter((row) => !lapsedBy(row.organization, row, now))
  const entries = alive.map(({ id, userAgent, clientIp, createdAt, lastSeenAt }) => {
    return {
      id,
      device: deviceName(userAgent),
      clientIp,
      createdAt,
      lastSeenAt,
      current: id === person.sessionId,
    }
  })
  return entries.toSorted((a, b) => Number(b.current) - Number(a.current))
}
