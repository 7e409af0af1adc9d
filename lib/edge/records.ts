import type { BlockedEvent } from '../core/access-log'
import { newId } from '../core/ids'
import type { UsageBatch, UsageEvent } from '../core/usage'
import { UsageBuffer } from '../core/usage-buffer'

const BATCH_EVENTS = 500
/** Held while Twig itself cannot be reached; what comes beyond is not counted. */
const RECORDED_MAX = 20_000
/** Refusals are told a moment later, many at once; again after a while where Twig did not take them. */
const GATHER_MS = 250
const RETRY_MS = 2_000
/** Counts of decisions go along with what is told anyway, and by themselves so often. */
const TALLY_MS = 5_000
/** How often a request of an isolated host tries, all of it within the 30 s that it may outlive its answer. */
const ATTEMPTS = 3
/** For how long a request is trusted to hand over; platforms end requests at will. */
const LEASE_MS = 25_000

/** What a host of the gate recorded and has not yet handed over. */
export interface Records {
  add(event: UsageEvent | BlockedEvent): void
  /** Counts a decision of the gate by its outcome. */
  noteDecision(outcome: string): void
  /** Hands it over now. */
  flush(): Promise<void>
  /** Tells the host what to keep itself alive for: the handing over, where there is anything. */
  keepAlive(waitUntil: (work: Promise<void>) => void): void
}

/** `taken`; `refused` for ever; `away` for the moment. */
type Outcome = 'taken' | 'refused' | 'away'

interface Held {
  add(event: UsageEvent | BlockedEvent): boolean
  noteDecision(outcome: string): void
  /** Of events; counts of decisions alone can wait. */
  isEmpty(): boolean
  hasDecisions(): boolean
  handOver(): Promise<'done' | 'away'>
}

/** Events and the batch that may have arrived already: that is only ever sent as the same batch. */
function hold(send: (body: string) => Promise<Outcome>): Held {
  const recorded = new UsageBuffer()
  const decisions = new Map<string, number>()
  let unsent: UsageBatch | null = null
  function takeDecisions(): Pick<UsageBatch, 'decisions'> {
    if (decisions.size === 0) return {}
    const taken = Object.fromEntries(decisions)
    decisions.clear()
    return { decisions: taken }
  }
  return {
    add: (event) => {
      if (recorded.size >= RECORDED_MAX) return false
      recorded.add(event)
      return true
    },
    noteDecision: (outcome) => void decisions.set(outcome, (decisions.get(outcome) ?? 0) + 1),
    isEmpty: () => unsent === null && recorded.size === 0,
    hasDecisions: () => decisions.size > 0,
    async handOver() {
      while (unsent || recorded.size > 0 || decisions.size > 0) {
        unsent ??= { id: newId('batch'), ...recorded.take(BATCH_EVENTS), ...takeDecisions() }
        const batch = unsent
        if ((await send(JSON.stringify(batch))) === 'away') return 'away'
        // Somebody else may have gone on to the next meanwhile.
        if (unsent === batch) unsent = null
      }
      return 'done'
    },
  }
}

/** Records of a process of its own, which hands over by its own timer. */
export function processRecords(send: (body: string) => Promise<Outcome>): Records {
  const held = hold(send)
  let gathering: Promise<void> | null = null
  let flushing: Promise<void> | null = null
  let isTallying = false
  function flush(): Promise<void> {
    flushing ??= handOver().finally(() => {
      flushing = null
    })
    return flushing
  }
  async function handOver(): Promise<void> {
    if ((await held.handOver()) === 'away') gather(RETRY_MS)
  }
  /** Nothing is kept alive for counts: where the host sleeps meanwhile they go with what comes next. */
  function noteDecision(outcome: string): void {
    held.noteDecision(outcome)
    if (isTallying) return
    isTallying = true
    void wait(TALLY_MS).then(() => {
      isTallying = false
      return flush()
    })
  }
  function gather(afterMs: number): void {
    gathering ??= wait(afterMs).then(() => {
      gathering = null
      return flush()
    })
  }
  return {
    add: (event) => void (held.add(event) && gather(GATHER_MS)),
    noteDecision,
    flush,
    keepAlive: (waitUntil) => void (gathering && waitUntil(gathering)),
  }
}

/**
 * Records where a request must not wait for another's I/O and timers end with their request: whichever request comes
 * first takes on the handing over of all, for a while; what it does not bring to an end is the next one's.
 */
export function isolatedRecords(send: (body: string) => Promise<Outcome>, nowMs: () => number): Records {
  const held = hold(send)
  let leasedUntilMs = 0
  let toldMs = nowMs()
  const isTallyDue = () => held.hasDecisions() && nowMs() >= toldMs + TALLY_MS
  async function handOver(): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      await wait(attempt === 1 ? GATHER_MS : RETRY_MS)
      if ((await held.handOver()) === 'done') break
    }
    leasedUntilMs = 0
    toldMs = nowMs()
  }
  return {
    add: (event) => void held.add(event),
    noteDecision: held.noteDecision,
    flush: async () => void (await held.handOver()),
    keepAlive(waitUntil) {
      if ((held.isEmpty() && !isTallyDue()) || nowMs() < leasedUntilMs) return
      leasedUntilMs = nowMs() + LEASE_MS
      waitUntil(handOver())
    },
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
