import type { BlockedEvent } from './access-log'
import { BlockFold } from './block-fold'
import type { UsageEvent } from './usage'

/** What a host of the gate has recorded and not handed over: events one by one, blocked attempts folded into rows. */
export class UsageBuffer {
  #events: UsageEvent[] = []
  readonly #blocks = new BlockFold()

  /** Events and rows at hand. A flood of the same attempt does not make it grow. */
  get size(): number {
    return this.#events.length + this.#blocks.size
  }

  add(event: UsageEvent | BlockedEvent): void {
    if ('reason' in event) this.#blocks.add(event)
    else this.#events.push(event)
  }

  /** Takes the oldest out, `max` events and rows at most. */
  take(max: number): { events: UsageEvent[]; blocked: BlockedEvent[] } {
    const blocked = this.#blocks.take(max)
    return { blocked, events: this.#events.splice(0, max - blocked.length) }
  }
}
