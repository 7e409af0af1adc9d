/**
 * Latencies as counts in buckets whose bounds grow by 2 %, so that a percentile is within 1 % of the exact one however
 * many are counted, and two sketches add up. (Masson, Rim, Lee: DDSketch, VLDB 2019.)
 */
export type LatencySketch = Record<string, number>

const GROWTH = 1.02
const LOG_GROWTH = Math.log(GROWTH)
/** An hour; nothing here takes longer. */
const MAX_US = 3_600_000_000

/** The bucket of a latency in whole microseconds. */
export function latencyBucket(latencyUs: number): number {
  const bounded = Math.min(Math.max(latencyUs, 1), MAX_US)
  return Math.ceil(Math.log(bounded) / LOG_GROWTH)
}

/** The latency that stands for a bucket, in milliseconds: at most 1 % from any in it. */
function latencyOfBucket(bucket: number): number {
  return (2 * GROWTH ** bucket) / (GROWTH + 1) / 1000
}

/** Counts a latency in whole microseconds in a sketch, in place. */
export function addLatency(into: LatencySketch, latencyUs: number): void {
  const bucket = latencyBucket(latencyUs)
  into[bucket] = (into[bucket] ?? 0) + 1
}

/** Adds the counts of one sketch to another, in place. */
export function addSketch(into: LatencySketch, from: LatencySketch): void {
  for (const [bucket, count] of Object.entries(from)) into[bucket] = (into[bucket] ?? 0) + count
}

/**
 * Nearest-rank percentiles in milliseconds, or null for an empty sketch.
 * @param shares between 0 and 1, ascending, e.g. [0.5, 0.95, 0.99]
 */
export function percentiles(sketch: LatencySketch, shares: readonly number[]): number[] | null {
  const buckets = Object.entries(sketch)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((a, b) => a.bucket - b.bucket)
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return null
  return shares.map((share) => {
    const rank = Math.max(1, Math.ceil(share * total))
    let seen = 0
    const found = buckets.find(({ count }) => {
      seen += count
      return seen >= rank
    })
    return latencyOfBucket(found?.bucket ?? 0)
  })
}
