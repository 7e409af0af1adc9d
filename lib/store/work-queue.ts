import { TwigError } from '../core/errors'

/** Told how work waits, for counting. */
export interface QueueObserver {
  /** One more waits, or one fewer. */
  waiting(by: 1 | -1): void
  /** One's turn has come. */
  waited(elapsedMs: number): void
  refused(): void
}

interface WorkQueueOptions {
  /** How many pieces of work run at once. */
  concurrency: number
  /** How many may wait; one more is refused at once, so that a flood cannot pile up. */
  maxWaiting: number
  observer?: QueueObserver
}

/** Runs costly work a few at a time, first come first served, and refuses what it could not reach soon. */
export class WorkQueue {
  readonly #concurrency: number
  readonly #maxWaiting: number
  readonly #observer: QueueObserver | undefined
  readonly #waiting: Array<() => void> = []
  #running = 0
  /** Moving average of one piece of work, for an honest Retry-After. */
  #averageMs = 250

  constructor({ concurrency, maxWaiting, observer }: WorkQueueOptions) {
    this.#concurrency = concurrency
    this.#maxWaiting = maxWaiting
    this.#observer = observer
  }

  /** Throws temporarily_unavailable when the queue is full now. */
  requireRoom(): void {
    if (this.#waiting.length < this.#maxWaiting) return
    this.#observer?.refused()
    throw this.#full()
  }

  /** Runs the work in its turn. Throws temporarily_unavailable, with the seconds until the queue is empty, when it is full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) {
      this.requireRoom()
      await this.#wait()
    } else {
      this.#running += 1
      this.#observer?.waited(0)
    }
    const startedMs = performance.now()
    try {
      return await work()
    } finally {
      this.#averageMs += (performance.now() - startedMs - this.#averageMs) / 10
      this.#next()
    }
  }

  async #wait(): Promise<void> {
    const sinceMs = performance.now()
    this.#observer?.waiting(1)
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#observer?.waiting(-1)
    this.#observer?.waited(performance.now() - sinceMs)
  }

  /** Hands the place over to the first in line, so that nobody can slip in between. */
  #next(): void {
    const resume = this.#waiting.shift()
    if (resume) resume()
    else this.#running -= 1
  }

  #full(): TwigError {
    const seconds = ((this.#running + this.#waiting.length) * this.#averageMs) / this.#concurrency / 1000
    return new TwigError('temporarily_unavailable', 'Twig is busy. Try again in a moment.', {
      retryAfterSeconds: Math.max(1, Math.ceil(seconds)),
    })
  }
}
