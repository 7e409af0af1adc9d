import { TwigError } from '../core/errors'
import { randomBase62 } from '../core/ids'
import { changeKey, publishLimits } from '../store/cache'
import { db, type Transaction } from '../store/db'
import { refusalOf } from './key-verifier'
import { organizationLimits } from './organization-limits'

/** What of a subject the gate's cache holds a copy. */
type NoticeKind = 'key' | 'organization'

/** A change that the cache must be told of. It stands in Postgres from the change's own commit until it was told. */
export interface Notice {
  kind: NoticeKind
  subjectId: string
  token: string
}

const BATCH = 100
/** Of many notices of one change. */
const AT_ONCE = 10
/** Of a key whose row went with its organization: no version can come after it. */
const GONE_VERSION = 2 ** 31 - 1
const RETRY_MS = 1_000

let retry: NodeJS.Timeout | undefined

/** What this process could not tell it tries again every second, wherever Twig runs. */
function retrySoon(): void {
  if (retry) return
  retry = setTimeout(() => {
    retry = undefined
    deliverPending().catch(retrySoon)
  }, RETRY_MS).unref()
}

/**
 * Writes the notice of a change in the transaction of that change, so that none is lost whatever happens afterwards.
 * The row's version must have been raised in the same transaction.
 */
export async function noteChange(tx: Transaction, kind: NoticeKind, subjectId: string): Promise<Notice> {
  const token = randomBase62(12)
  const where = { kind_subjectId: { kind, subjectId } }
  await tx.cacheNotice.upsert({
    where,
    create: { kind, subjectId, token },
    update: { token, createdAt: new Date() },
  })
  return { kind, subjectId, token }
}

/** As noteChange, for many keys at once. */
export async function noteKeyChanges(tx: Transaction, keyIds: readonly string[]): Promise<Notice[]> {
  const notices = keyIds.map((subjectId) => ({ kind: 'key' as const, subjectId, token: randomBase62(12) }))
  await tx.cacheNotice.deleteMany({ where: { kind: 'key', subjectId: { in: [...keyIds] } } })
  await tx.cacheNotice.createMany({ data: notices })
  return notices
}

/** Tells the cache what Postgres says now; whichever change that comes from, the order of versions holds. */
async function tell({ kind, subjectId }: Notice): Promise<boolean> {
  if (kind === 'organization') {
    const limits = await organizationLimits(subjectId).catch((error: unknown) => {
      if (error instanceof TwigError && error.code === 'not_found') return null
      throw error
    })
    return limits === null || publishLimits(limits)
  }
  const row = await db().apiKey.findUnique({
    where: { id: subjectId },
    select: { stateVersion: true, revokedAt: true, disabledAt: true, endsAt: true },
  })
  if (!row) return changeKey({ keyId: subjectId, version: GONE_VERSION }, 'revoked')
  return changeKey({ keyId: subjectId, version: row.stateVersion }, refusalOf(row, Date.now()))
}

/**
 * Tells the cache of a committed change and takes the notice away; false when Redis could not be told, which leaves the
 * notice to deliverPending. Call it after the commit: Postgres first, then the cache.
 */
export async function deliver(notice: Notice): Promise<boolean> {
  // The change is committed: whatever fails from here on must not look as if it were not.
  // A second try at once: a moment's stall should not make a change look unfinished.
  const told = await tell(notice)
    .then((told) => told || tell(notice))
    .then(async (told) => {
      const { kind, subjectId, token } = notice
      if (told) await db().cacheNotice.deleteMany({ where: { kind, subjectId, token } })
      return told
    })
    .catch(() => false)
  if (!told) retrySoon()
  return told
}

/** How many changes wait to be told, and how old the oldest is in seconds; of the whole installation. */
export async function noticeBacklog(now: Date): Promise<{ count: number; oldestSeconds: number }> {
  const { _count: count, _min: oldest } = await db().cacheNotice.aggregate({
    _count: true,
    _min: { createdAt: true },
  })
  const sinceMs = oldest.createdAt?.getTime() ?? now.getTime()
  return { count, oldestSeconds: Math.max(0, (now.getTime() - sinceMs) / 1000) }
}

/** Delivers many; returns the ids of those subjects that Redis could not be told of yet. */
export async function deliverAll(notices: readonly Notice[]): Promise<Set<string>> {
  const late = new Set<string>()
  for (let next = 0; next < notices.length; next += AT_ONCE) {
    const some = notices.slice(next, next + AT_ONCE)
    const told = await Promise.all(some.map(deliver))
    for (const [at, { subjectId }] of some.entries()) if (!told[at]) late.add(subjectId)
  }
  return late
}

/**
 * Tells what is still to be told, the oldest first, until Redis fails again; returns the notices delivered. Every server
 * calls it every two seconds besides: what a process left behind when it died is told by another.
 */
export async function deliverPending(): Promise<number> {
  const notices = await db().cacheNotice.findMany({ orderBy: { createdAt: 'asc' }, take: BATCH })
  let told = 0
  for (const { kind, subjectId, token } of notices) {
    const isKnown = kind === 'key' || kind === 'organization'
    if (!isKnown || !(await deliver({ kind, subjectId, token }))) break
    told += 1
  }
  return told
}
