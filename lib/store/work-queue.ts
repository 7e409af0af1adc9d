import { TwigError } from '../core/errors'

interface WorkQueueOptions {
  /** How many pieces of work run at once. */
  concurrency: number
  /** How many may wait; one more is refused at once, so that a flood cannot pile up. */
  maxWaiting: number
}

/** Runs costly work a few at a time, first come first served, and refuses what it could not reach soon. */
export class WorkQueue {
  readonly #concurrency: number
  readonly #maxWaiting: number
  readonly #waiting: Array<() => void> = []
  #running = 0
  /** Moving average of one piece of work, for an honest Retry-After. */
  #averageMs = 250

  constructor({ concurrency, maxWaiting }: WorkQueueOptions) {
    this.#concurrency = concurrency
    this.#maxWaiting = maxWaiting
  }

  /** Throws temporarily_unavailable when the queue is full now. */
  requireRoom(): void {
    if (this.#waiting.length >= this.#maxWaiting) throw this.#full()
  }

  /** Runs the work in its turn. Throws temporarily_unavailable, with the seconds until the queue is empty, when it is full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) {
      this.requireRoom()
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#running += 1
    }
    const startedMs = performance.now()
    try {
      return await work()
    } finally {
      this.#averageMs += (performance.now() - startedMs - this.#averageMs) / 10
      this.#next()
    }
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
