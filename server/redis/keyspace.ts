import { wrongType } from './reply'

/** Members with their scores; ranges sort on demand, since Twig's sorted sets are small. */
export class SortedSet {
  readonly scores = new Map<string, number>()
}

export type Hash = Map<string, string>
export type Value = string | Hash | Set<string> | SortedSet

const SWEEP_STEPS = 8

/**
 * Keys, values and deadlines (ms since 1970). Nothing here has a timer: a key that is past its deadline goes when
 * it is touched, and every write looks at a few more deadlines, so keys nobody asks for again go as well.
 */
export class Keyspace {
  /** The clock of the command that is running, in ms; one instant for a whole script or transaction. */
  time = 0
  readonly #values = new Map<string, Value>()
  readonly #deadlines = new Map<string, number>()
  #sweep = this.#deadlines.entries()

  /** How many keys are held, counting those past their deadline and not yet swept (as DBSIZE does). */
  get size(): number {
    return this.#values.size
  }

  /** The value of a key that is not past its deadline. */
  get(key: string): Value | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    const deadline = this.#deadlines.get(key)
    if (deadline === undefined || deadline >= this.time) return value
    this.delete(key)
    return undefined
  }

  /** Like get, for a plain value. Throws WRONGTYPE for a key that holds another kind; so do the next three. */
  string(key: string): string | undefined {
    const value = this.get(key)
    if (value === undefined || typeof value === 'string') return value
    throw wrongType()
  }

  hash(key: string): Hash | undefined {
    const value = this.get(key)
    if (value === undefined || value instanceof Map) return value
    throw wrongType()
  }

  members(key: string): Set<string> | undefined {
    const value = this.get(key)
    if (value === undefined || value instanceof Set) return value
    throw wrongType()
  }

  sortedSet(key: string): SortedSet | undefined {
    const value = this.get(key)
    if (value === undefined || value instanceof SortedSet) return value
    throw wrongType()
  }

  /** Stores a value and, unless told to keep it, forgets the key's deadline. */
  put<V extends Value>(key: string, value: V, keepDeadline = false): V {
    this.#values.set(key, value)
    if (!keepDeadline) this.#deadlines.delete(key)
    return value
  }

  /** Removes a key with its deadline; was there one? */
  delete(key: string): boolean {
    this.#deadlines.delete(key)
    return this.#values.delete(key)
  }

  /** Deletes a container that has become empty; Redis keeps no empty ones. */
  deleteIfEmpty(key: string, size: number): void {
    if (size === 0) this.delete(key)
  }

  /** When a key ends, in ms; undefined: never, or no such key. */
  deadline(key: string): number | undefined {
    return this.#deadlines.get(key)
  }

  /** Makes an existing key end after this instant, in ms. */
  setDeadline(key: string, deadline: number): void {
    this.#deadlines.set(key, deadline)
  }

  /** Makes a key last; did it have a deadline? */
  clearDeadline(key: string): boolean {
    return this.#deadlines.delete(key)
  }

  /** Every key that is not past its deadline. */
  *keys(): Generator<string> {
    for (const key of this.#values.keys()) if (this.get(key) !== undefined) yield key
  }

  /** Removes everything. */
  clear(): void {
    this.#values.clear()
    this.#deadlines.clear()
    this.#sweep = this.#deadlines.entries()
  }

  /** Looks at the next few deadlines in turn; called on every write, which adds one deadline at the most. */
  sweepSome(): void {
    for (let step = 0; step < SWEEP_STEPS && this.#deadlines.size > 0; step++) {
      const next = this.#sweep.next()
      if (next.done) {
        this.#sweep = this.#deadlines.entries()
        return
      }
      if (next.value[1] < this.time) this.delete(next.value[0])
    }
  }
}
