import { revertUnconfirmed } from '../lib/domain/allowlist-confirmation'
import { trimAuditLogs } from '../lib/domain/audit-retention'
import { deliverPending } from '../lib/domain/cache-notices'
import { retryRevocations } from '../lib/domain/connection-revocations'
import { recheckDomains } from '../lib/domain/domain-checks'
import { endIndexing, indexLeftOvers } from '../lib/domain/indexer'
import { remindOfAgedKeys } from '../lib/domain/key-reminders'
import { sweepByRetention } from '../lib/domain/organization-settings'
import { endSyncing, syncDueSources } from '../lib/domain/source-syncer'
import { openSamlAhead } from '../lib/domain/sso-ahead'
import { remindOfCertificates, watchMetadata } from '../lib/domain/sso-watch'
import { sweepExpired } from '../lib/domain/sweep'
import { ingestSpool } from '../lib/domain/usage-recorder'
import { bareCause } from '../lib/store/background'
import { patiently } from '../lib/store/db'
import { log } from '../lib/store/log'
import { metrics } from '../lib/store/metrics'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Work that no request waits for, and how often it is due. The first time comes after `firstMs`. */
interface Chore {
  name: string
  firstMs: number
  everyMs: number
  run: () => Promise<number>
}

const chores: readonly Chore[] = [
  { name: 'tell the cache', firstMs: 0, everyMs: 2_000, run: deliverPending },
  { name: 'switch off unconfirmed allowlists', firstMs: 500, everyMs: 15_000, run: revertUnconfirmed },
  { name: 'index documents', firstMs: 1_000, everyMs: 10_000, run: indexLeftOvers },
  { name: 'sync sources', firstMs: 2_000, everyMs: 15_000, run: syncDueSources },
  { name: 'revoke tokens', firstMs: 3_000, everyMs: 30_000, run: () => retryRevocations() },
  { name: 'count usage kept aside', firstMs: 0, everyMs: MINUTE_MS, run: ingestSpool },
  { name: 'open the SAML library', firstMs: 5_000, everyMs: 5 * MINUTE_MS, run: openSamlAhead },
  { name: 'remind of old keys', firstMs: MINUTE_MS, everyMs: HOUR_MS, run: remindOfAgedKeys },
  { name: 'look for domain records', firstMs: 2 * MINUTE_MS, everyMs: HOUR_MS, run: recheckDomains },
  { name: 'look at SSO metadata', firstMs: 3 * MINUTE_MS, everyMs: HOUR_MS, run: watchMetadata },
  { name: 'remind of SSO certificates', firstMs: 4 * MINUTE_MS, everyMs: HOUR_MS, run: remindOfCertificates },
  { name: 'sweep interactions', firstMs: 11 * MINUTE_MS, everyMs: HOUR_MS, run: sweepByRetention },
  { name: 'trim audit logs', firstMs: 12 * MINUTE_MS, everyMs: HOUR_MS, run: trimAuditLogs },
  { name: 'sweep', firstMs: 10 * MINUTE_MS, everyMs: HOUR_MS, run: sweepExpired },
]

/** Does each chore when it is due, never twice at a time. Returns the function that ends it. */
function startChore({ name, firstMs, everyMs, run }: Chore): () => Promise<void> {
  let timer: NodeJS.Timeout
  let running: Promise<void> = Promise.resolve()
  let isEnded = false
  const due = () => {
    running = patiently(run)
      .then(
        (count) => {
          metrics.choreRuns.add(name, 'done')
          metrics.choreSuccess.set(Date.now() / 1000, name)
          if (count > 0) log().debug({ name, count }, 'done')
        },
        (error: unknown) => {
          metrics.choreRuns.add(name, 'failed')
          log().warn({ name, cause: bareCause(error) }, 'chore failed')
        },
      )
      .then(() => {
        if (!isEnded) timer = setTimeout(due, everyMs).unref()
      })
  }
  timer = setTimeout(due, firstMs).unref()
  return () => {
    isEnded = true
    clearTimeout(timer)
    return running
  }
}

/** Begins all chores; returns the function that ends them, after those under way. */
export function startHousekeeping(): () => Promise<void> {
  const ends = chores.map(startChore)
  return async () => {
    await Promise.all(ends.map((end) => end()))
    await endSyncing()
    await endIndexing()
  }
}
