import { type Finding, ok, problem, warning } from './finding'

/** How far another clock is from this machine's. */
export interface ClockReading {
  name: string
  /** Positive when the other is ahead. */
  aheadMs: number
  /** How wrong that may be: half of the time the answer took. */
  uncertaintyMs: number
}

const WARNING_MS = 1_000
/** Signed calls between processes are good for 15 seconds. */
const PROBLEM_MS = 10_000

/** Asks a clock for its Unix time in ms, taking the answer for the middle of the round trip. */
export async function readClock(name: string, ask: () => Promise<number>): Promise<ClockReading> {
  const before = Date.now()
  const theirs = await ask()
  const after = Date.now()
  const uncertaintyMs = Math.ceil((after - before) / 2)
  return { name, aheadMs: Math.round(theirs - (before + after) / 2), uncertaintyMs }
}

/** Whether the clocks of this machine, Postgres and Redis agree. */
export function judgeClocks(readings: readonly ClockReading[]): Finding[] {
  if (readings.length === 0) return []
  const told = readings.map(({ name, aheadMs }) => {
    const seconds = (Math.abs(aheadMs) / 1000).toFixed(2)
    return `${name} is ${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead'}`
  })
  const detail = `Compared with this machine's clock ${told.join(', ')}.`
  const surely = readings.map(({ aheadMs, uncertaintyMs }) => Math.max(0, Math.abs(aheadMs) - uncertaintyMs))
  const worst = Math.max(...surely)
  const fix = 'Set the clocks by NTP on every machine: sessions, keys and their records go by them.'
  if (worst > PROBLEM_MS) return [problem('clock', detail, fix)]
  return [worst > WARNING_MS ? warning('clock', detail, fix) : ok('clock', detail)]
}
