import { noticeBacklog } from '../lib/domain/cache-notices'
import { countPendingRevocations } from '../lib/domain/connection-revocations'
import { countUnindexed } from '../lib/domain/document-states'
import { countOverdueSyncs } from '../lib/domain/source-sync-claims'
import { openStreamCount } from '../lib/domain/turn-watch'
import { bufferedUsage } from '../lib/domain/usage-recorder'
import { metrics } from '../lib/store/metrics'
import { countSpooled } from '../lib/store/spool'

/** Looks at what is not counted as it happens, in this process. */
export function readProcess(): void {
  metrics.usageBuffered.set(bufferedUsage())
  metrics.openStreams.set(openStreamCount())
}

const BACKLOGS = [
  metrics.noticesPending,
  metrics.noticesOldestSeconds,
  metrics.revocationsPending,
  metrics.documentsWaiting,
  metrics.syncsOverdue,
]

/**
 * Looks at what the whole installation has before it, for the one process that does the chores: four statements, one after
 * the other, on the connections of requests, whose patience is short. What Postgres does not tell is not told.
 */
export async function readInstallation(now: Date = new Date()): Promise<void> {
  const spooled = await countSpooled().catch(() => null)
  if (spooled === null) metrics.usageSpooled.forget()
  else metrics.usageSpooled.set(spooled)
  try {
    const { count, oldestSeconds } = await noticeBacklog(now)
    metrics.noticesPending.set(count)
    metrics.noticesOldestSeconds.set(oldestSeconds)
    metrics.revocationsPending.set(await countPendingRevocations())
    metrics.documentsWaiting.set(await countUnindexed())
    metrics.syncsOverdue.set(await countOverdueSyncs(now))
  } catch {
    for (const backlog of BACKLOGS) backlog.forget()
  }
}
