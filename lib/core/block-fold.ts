import type { BlockedEvent } from './access-log'

const MINUTE_MS = 60_000
/** Methods and paths that are told apart of one address and reason within a minute. */
export const PATHS_MAX = 50
/** Rows that one minute of an organization has, but for one more of each key or person and reason. */
export const ROWS_MAX = 500
/** Stands for methods, paths and addresses that are no longer told apart. No path and no address is called that. */
export const SEVERAL = '(several)'

/** What attempts within a minute are alike in to be one row. */
export type BlockFacts = Pick<
  BlockedEvent,
  | 'organizationId'
  | 'environment'
  | 'keyId'
  | 'userId'
  | 'reason'
  | 'code'
  | 'method'
  | 'path'
  | 'clientIp'
  | 'timeMs'
>

/** The minute that a time is in, in Unix milliseconds. */
export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS
}

/** A name that attempts have in common exactly where they are one row, the minute included. */
export function blockName(facts: BlockFacts): string {
  const { organizationId, environment, keyId, userId, reason, code, method, path, clientIp, timeMs } = facts
  const who = [organizationId, environment, keyId, userId]
  return JSON.stringify([...who, reason, code, method, path, clientIp, minuteOf(timeMs)])
}

/** The next less exact row for an attempt. */
function widened(event: BlockedEvent): BlockedEvent {
  return event.path === SEVERAL
    ? { ...event, clientIp: SEVERAL }
    : { ...event, method: SEVERAL, path: SEVERAL }
}

/** Adds an attempt to the row it belongs to: counts add up, and the first of them lends its request id and user agent. */
function merge(row: BlockedEvent, event: BlockedEvent): void {
  row.count += event.count
  row.lastMs = Math.max(row.lastMs, event.lastMs, event.timeMs)
  if (event.timeMs >= row.timeMs) return
  row.timeMs = event.timeMs
  row.requestId = event.requestId
  row.userAgent = event.userAgent
}

/**
 * Blocked attempts folded into rows: those alike within a minute are one, and whoever tries ever new paths or addresses
 * gets no more rows than PATHS_MAX and ROWS_MAX. What is beyond them is told apart less, and counted all the same.
 */
export class BlockFold {
  readonly #rows = new Map<string, BlockedEvent>()
  readonly #held = new Set<string>()
  /** Rows of an organization's minute, and of one address and reason in it. */
  readonly #counts = new Map<string, number>()

  /** @param held rows that are written already, which others are added to and which take up room */
  constructor(held: Iterable<BlockFacts> = []) {
    for (const facts of held) {
      this.#held.add(blockName(facts))
      this.#count(facts, 1)
    }
  }

  /** Rows at hand, those held apart. */
  get size(): number {
    return this.#rows.size
  }

  /** Takes note of an attempt, or of several that were folded elsewhere. */
  add(event: BlockedEvent): void {
    const name = blockName(event)
    const row = this.#rows.get(name)
    if (row) merge(row, event)
    else if (this.#held.has(name) || this.#hasRoom(event)) this.#begin(name, event)
    else this.add(widened(event))
  }

  /** Takes the oldest rows out, `max` at most. */
  take(max = Number.POSITIVE_INFINITY): BlockedEvent[] {
    const taken: BlockedEvent[] = []
    for (const [name, row] of this.#rows) {
      if (taken.length >= max) break
      taken.push(row)
      this.#rows.delete(name)
      if (!this.#held.has(name)) this.#count(row, -1)
    }
    return taken
  }

  #begin(name: string, event: BlockedEvent): void {
    this.#rows.set(name, { ...event, lastMs: Math.max(event.lastMs, event.timeMs) })
    if (!this.#held.has(name)) this.#count(event, 1)
  }

  /** The least exact row always has it. */
  #hasRoom(facts: BlockFacts): boolean {
    if (facts.clientIp === SEVERAL) return true
    const [minute, address] = countersOf(facts)
    if ((this.#counts.get(minute) ?? 0) >= ROWS_MAX) return false
    return address === null || (this.#counts.get(address) ?? 0) < PATHS_MAX
  }

  #count(facts: BlockFacts, rows: 1 | -1): void {
    for (const name of countersOf(facts)) {
      if (name === null) continue
      const total = (this.#counts.get(name) ?? 0) + rows
      if (total > 0) this.#counts.set(name, total)
      else this.#counts.delete(name)
    }
  }
}

/** What a row counts for: its organization's minute (before anybody knows it, its key's), and its address and reason. */
function countersOf(facts: BlockFacts): [minute: string, address: string | null] {
  const { organizationId, keyId, reason, clientIp, path, timeMs } = facts
  const minute = `${organizationId ?? keyId} ${minuteOf(timeMs)}`
  return [minute, path === SEVERAL ? null : `${minute} ${reason} ${clientIp}`]
}
