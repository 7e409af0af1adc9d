import { setTimeout as sleep } from 'node:timers/promises'
import { haltAfter, haltWords } from '../core/source-sync'
import { bareCause } from '../store/background'
import { ProviderFailure } from '../store/connectors/connector'
import { patiently } from '../store/db'
import { log } from '../store/log'
import { metrics } from '../store/metrics'
import { noteProviderTrouble, refuseGrant } from './connection-health'
import { SyncTurn } from './source-sync'
import { NoToken, type SyncTools } from './source-sync-calls'
import {
  claimSync,
  endTurn,
  renewSync,
  Superseded,
  SYNC_LEASE_MS,
  type SyncClaim,
} from './source-sync-claims'
import { onSyncBell } from './sync-bell'

/** Sources a process works on at once; of each it holds one page of a listing and one document. */
const AT_ONCE = 2
/** For what is being written when the process ends. */
const END_MS = 1_000
const OWN_TROUBLE = new ProviderFailure('unavailable', 'internal_error')

/** The process is ending. */
class Ending extends Error {}

interface TurnTools extends SyncTools {
  /** Told whose turn it is, and when it is over. */
  onClaim?: (claim: SyncClaim | null) => void
}

/**
 * Gives the source that is due for longest its turn. False when none is due. Whatever happens, the source says in its row
 * when it goes on and why it came to a halt.
 */
export async function syncNext({ onClaim = () => {}, ...tools }: TurnTools): Promise<boolean> {
  const claim = await claimSync(tools.now())
  if (!claim) return false
  onClaim(claim)
  const renewing = setInterval(() => {
    renewSync(claim, tools.now()).catch(() => {})
  }, SYNC_LEASE_MS / 3).unref()
  const turn = new SyncTurn(claim, tools)
  try {
    const end = await turn.run()
    metrics.syncs.add('done')
    if (end === 'more') await endTurn(claim, { nextAt: tools.now(), phase: 'waiting' })
  } catch (error) {
    await halt(turn.claim, error, tools)
  } finally {
    clearInterval(renewing)
    onClaim(null)
  }
  return true
}

async function halt(claim: SyncClaim, error: unknown, tools: SyncTools): Promise<void> {
  if (error instanceof Superseded) return
  if (error instanceof Ending) {
    await endTurn(claim, { phase: 'waiting' })
    return
  }
  const own = error instanceof NoToken ? error.failure : error
  const failure = own instanceof ProviderFailure ? own : OWN_TROUBLE
  const { nextAt, rateLimitedUntil, isTrouble } = haltAfter(
    failure,
    claim.attempts,
    tools.now(),
    tools.random(),
  )
  const { dataSourceId } = claim
  metrics.syncs.add(failure === OWN_TROUBLE ? 'own_trouble' : failure.kind)
  if (failure === OWN_TROUBLE) log().warn({ dataSourceId, cause: bareCause(error) }, 'a sync broke off')
  else log().info({ dataSourceId, kind: failure.kind, reason: failure.reason }, 'a sync came to a halt')
  const wasOurs = await endTurn(claim, {
    nextAt,
    rateLimitedUntil,
    phase: nextAt ? 'waiting' : 'idle',
    attempts: claim.attempts + 1,
    lastError: failure === OWN_TROUBLE ? 'Twig itself could not go on; it tries again.' : haltWords(failure),
  })
  // Of a token that was not to be had the connection knows already; one that was reconnected meanwhile is well.
  if (error !== failure || !wasOurs) return
  if (failure.kind === 'grant_refused') await refuseGrant(claim, failure, tools.now())
  if (isTrouble && nextAt) await noteProviderTrouble(claim, failure, { now: tools.now(), retryAt: nextAt })
}

/** Works, one source after the other, until none is due. */
class Lane {
  readonly #tools: SyncTools
  readonly #onWork: () => void
  #running: Promise<void> | undefined
  #isRung = false
  #isClosed = false
  #claim: SyncClaim | null = null

  constructor(tools: SyncTools, onWork: () => void) {
    this.#tools = tools
    this.#onWork = onWork
  }

  ring(): void {
    this.#isRung = true
    if (this.#isClosed) return
    this.#running ??= patiently(() => this.#work()).finally(() => {
      this.#running = undefined
    })
  }

  async #work(): Promise<void> {
    const onClaim = (claim: SyncClaim | null) => {
      if (claim && !this.#claim) this.#onWork()
      this.#claim = claim
    }
    try {
      while (this.#isRung && !this.#isClosed) {
        this.#isRung = false
        while (!this.#isClosed && (await syncNext({ ...this.#tools, onClaim })));
      }
    } catch (error) {
      log().warn({ cause: bareCause(error) }, 'syncing stopped until it is due again')
    }
  }

  /** Gives the turn back at once: what a provider still answers is not written any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    const claim = this.#claim
    if (claim) await patiently(() => endTurn(claim, { phase: 'waiting' })).catch(() => {})
    await Promise.race([this.#running, sleep(END_MS)])
  }

  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }
}

/** Syncs what is due, two sources at a time. */
export class Syncer {
  readonly #ending = new AbortController()
  readonly #lanes: Lane[]

  constructor(given: Partial<SyncTools> = {}) {
    const { signal } = this.#ending
    const wait = (ms: number) =>
      sleep(ms, undefined, { signal, ref: false }).catch(() => {
        throw new Ending()
      })
    const tools = { now: () => new Date(), random: Math.random, wait, ...given }
    // Only the first finds work that nobody rang for, and wakes the others.
    const wake = () => {
      for (const other of this.#lanes.slice(1)) other.ring()
    }
    this.#lanes = Array.from({ length: AT_ONCE }, (_, at) => new Lane(tools, at === 0 ? wake : () => {}))
  }

  /** A source is due, or may be. */
  ring(): void {
    for (const lane of this.#lanes) lane.ring()
  }

  /** Looks, with one statement when there is nothing, whether any source is due by its schedule. */
  look(): void {
    this.#lanes[0]?.ring()
  }

  /** Resolves when nothing is due. */
  async idle(): Promise<void> {
    for (const lane of this.#lanes) await lane.idle()
  }

  /** Gives back every turn, so that the next process need not wait for the lease, and ends. */
  async close(): Promise<void> {
    this.#ending.abort()
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }
}

let syncer: Syncer | undefined

/** Syncs, in this process, what is asked for in this process, at once. */
export function startSyncing(): void {
  syncer ??= new Syncer()
  onSyncBell(() => syncer?.ring())
}

/** The chore: sources that are due by their schedule, or whose process has died. */
export async function syncDueSources(): Promise<number> {
  syncer ??= new Syncer()
  syncer.look()
  return 0
}

/** Ends what the two above have begun. */
export async function endSyncing(): Promise<void> {
  onSyncBell(undefined)
  const ending = syncer
  syncer = undefined
  await ending?.close()
}
