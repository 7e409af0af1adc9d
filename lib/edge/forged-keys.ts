/** One line of the operator's log: keys that are none of ours, from one address within one minute. */
export interface ForgedLine {
  /** `others` where more addresses tried than are told apart. */
  clientIp: string
  keys: number
  /** Start of the minute. */
  time: string
}

const MINUTE_MS = 60_000
/** Addresses told apart within a minute; a flood from everywhere fills neither memory nor log. */
export const ADDRESSES_MAX = 1_000

/**
 * Counts forged keys: whoever sends thousands costs one line a minute. They belong to no organization, so that none has
 * them in its access log.
 * @param tell is given the lines of a minute when it is over
 * @returns takes note of one forged key; a few dozen nanoseconds, as it is on the path of a flood
 */
export function forgedKeys(
  nowMs: () => number,
  tell: (line: ForgedLine) => void,
): (clientIp: string | null) => void {
  let minute = 0
  let counts = new Map<string, number>()

  function close(): void {
    const [ended, time] = [counts, new Date(minute * MINUTE_MS).toISOString()]
    counts = new Map()
    for (const [clientIp, keys] of ended) tell({ clientIp, keys, time })
  }

  function begin(now: number): void {
    minute = Math.floor(now / MINUTE_MS)
    const timer: unknown = setTimeout(close, (minute + 1) * MINUTE_MS - now)
    // A line that is due keeps no process alive.
    ;(timer as { unref?: () => void }).unref?.()
  }

  return (clientIp) => {
    const now = nowMs()
    if (counts.size > 0 && Math.floor(now / MINUTE_MS) !== minute) close()
    if (counts.size === 0) begin(now)
    const asked = clientIp ?? 'unknown'
    const name = counts.has(asked) || counts.size < ADDRESSES_MAX ? asked : 'others'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
}
