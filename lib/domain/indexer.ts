import { bareCause } from '../store/background'
import { patiently } from '../store/db'
import { DocumentReader, type ReaderLimits } from '../store/document-reader'
import { log } from '../store/log'
import { type Claim, releaseClaim } from './document-states'
import { indexNext } from './indexing'
import { onIndexingBell } from './indexing-bell'

/** What a pasted text or a page of notes has; such documents do not wait for a large one. */
const SMALL_BYTES = 256 * 1024

/** One document at a time. */
class Lane {
  readonly #reader: DocumentReader
  readonly #sizeMax: number
  readonly #onWork: () => void
  #running: Promise<void> | undefined
  #isRung = false
  #isClosed = false
  #claim: Claim | null = null

  constructor(limits: ReaderLimits, sizeMax: number, onWork: () => void) {
    this.#reader = new DocumentReader(limits)
    this.#sizeMax = sizeMax
    this.#onWork = onWork
  }

  /** Works until nothing waits any more. */
  ring(): void {
    this.#isRung = true
    if (this.#isClosed) return
    this.#running ??= patiently(() => this.#work()).finally(() => {
      this.#running = undefined
    })
  }

  async #work(): Promise<void> {
    const onClaim = (claim: Claim | null) => {
      if (claim && !this.#claim) this.#onWork()
      this.#claim = claim
    }
    try {
      while (this.#isRung && !this.#isClosed) {
        this.#isRung = false
        while (
          !this.#isClosed &&
          (await indexNext({ reader: this.#reader, sizeMax: this.#sizeMax, onClaim }))
        );
      }
    } catch (error) {
      log().warn({ cause: bareCause(error) }, 'indexing stopped until it is due again')
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const claim = this.#claim
    if (claim) await patiently(() => releaseClaim(claim)).catch(() => {})
    this.#reader.close()
    await this.#running
  }

  /** Resolves when it has nothing to do. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }
}

/** Indexes what waits, two documents at a time at most, of which one is small. */
export class Indexer {
  readonly #any: Lane
  readonly #small: Lane

  constructor(limits: ReaderLimits = {}) {
    this.#small = new Lane(limits, SMALL_BYTES, () => {})
    this.#any = new Lane(limits, Number.MAX_SAFE_INTEGER, () => this.#small.ring())
  }

  /** A document has come. */
  ring(): void {
    this.#any.ring()
    this.#small.ring()
  }

  /** Looks, with one statement when there is nothing, whether any waits: one that another process left. */
  look(): void {
    this.#any.ring()
  }

  async idle(): Promise<void> {
    await this.#any.idle()
    await this.#small.idle()
  }

  /** Gives back what is being read, so that the next process need not wait for the lease, and ends. */
  async close(): Promise<void> {
    await Promise.all([this.#any.close(), this.#small.close()])
  }
}

let indexer: Indexer | undefined

/** Indexes, in this process, what is added in this process, at once. */
export function startIndexing(): void {
  indexer ??= new Indexer()
  onIndexingBell(() => indexer?.ring())
}

/** The chore: documents whose process has died, or that came when nobody listened. */
export async function indexLeftOvers(): Promise<number> {
  indexer ??= new Indexer()
  indexer.look()
  return 0
}

/** Ends what the two above have begun. */
export async function endIndexing(): Promise<void> {
  onIndexingBell(undefined)
  const ending = indexer
  indexer = undefined
  await ending?.close()
}
