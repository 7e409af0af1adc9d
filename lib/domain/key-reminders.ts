import { maskKey } from '../core/api-key'
import { AGED_DAYS, daysSince } from '../core/key-care'
import { roleAtLeast } from '../core/principal'
import { lockUntilCommit } from '../store/advisory-lock'
import { inTransaction } from '../store/db'
import { type AgedKey, mailAgedKeys } from './mails'
import { listMembers, operatorFor } from './organizations'

const DAY_MS = 24 * 3600 * 1000
/** Keys that come of age day after day make one mail a week, not seven. */
const QUIET_DAYS = 7
const ORGANIZATIONS_A_TURN = 20

const daysBefore = (now: Date, days: number) => new Date(now.getTime() - days * DAY_MS)

/** Keys that work, made so long ago, and not reminded of for as long. */
function due(now: Date) {
  const longAgo = daysBefore(now, AGED_DAYS)
  return {
    createdAt: { lte: longAgo },
    revokedAt: null,
    disabledAt: null,
    endsAt: null,
    OR: [{ remindedAt: null }, { remindedAt: { lte: longAgo } }],
  }
}

/**
 * Marks the due keys of some organizations as reminded of, and returns them. One process at a time and whole
 * organizations only, so that whoever else runs at the same moment finds nothing left to mail about.
 */
function claim(now: Date) {
  return inTransaction(async (tx) => {
    await lockUntilCommit(tx, 'key-reminders')
    const quiet = { apiKeys: { none: { remindedAt: { gt: daysBefore(now, QUIET_DAYS) } } } }
    const organizations = await tx.apiKey.groupBy({
      by: ['organizationId'],
      where: { ...due(now), organization: quiet },
      orderBy: { organizationId: 'asc' },
      take: ORGANIZATIONS_A_TURN,
    })
    const ids = organizations.map(({ organizationId }) => organizationId)
    if (ids.length === 0) return []
    return tx.apiKey.updateManyAndReturn({
      where: { ...due(now), organizationId: { in: ids } },
      data: { remindedAt: now },
      include: { organization: { select: { name: true } } },
    })
  })
}

type ClaimedKey = Awaited<ReturnType<typeof claim>>[number]

function toAgedKey(row: ClaimedKey, nowMs: number): AgedKey {
  const { name, environment, start, last4, createdAt, lastUsedAt } = row
  return {
    name,
    masked: maskKey(environment, start, last4),
    ageDays: daysSince(createdAt.toISOString(), nowMs),
    unusedDays: lastUsedAt && Math.max(0, daysSince(lastUsedAt.toISOString(), nowMs)),
  }
}

async function mailAdmins(
  organizationId: string,
  keys: readonly ClaimedKey[],
  nowMs: number,
): Promise<number> {
  const members = await listMembers(operatorFor(organizationId))
  const admins = members.filter(({ role }) => roleAtLeast(role, 'admin'))
  const aged = keys.map((key) => toAgedKey(key, nowMs)).sort((a, b) => b.ageDays - a.ageDays)
  for (const { email } of admins) mailAgedKeys(email, keys[0]?.organization.name ?? '', aged)
  return admins.length
}

/**
 * Mails the admins and owners of each organization about its keys of 90 days and more: of a key once in 90 days, at most
 * once a week. Any number of processes may call it at once. Returns the mails sent.
 */
export async function remindOfAgedKeys(now: Date = new Date()): Promise<number> {
  let mails = 0
  for (let keys = await claim(now); keys.length > 0; keys = await claim(now)) {
    for (const organizationId of new Set(keys.map((key) => key.organizationId))) {
      const theirs = keys.filter((key) => key.organizationId === organizationId)
      mails += await mailAdmins(organizationId, theirs, now.getTime())
    }
  }
  return mails
}
