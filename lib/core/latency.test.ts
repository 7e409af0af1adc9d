import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addSketch, type LatencySketch, latencyBucket, percentiles } from './latency'

const SHARES = [0.5, 0.95, 0.99]
const HOUR_US = 3_600_000_000

function sketchOf(latenciesUs: readonly number[]): LatencySketch {
  const sketch: LatencySketch = {}
  for (const latencyUs of latenciesUs) addSketch(sketch, { [latencyBucket(latencyUs)]: 1 })
  return sketch
}

/** Nearest rank, as a person would count it, in microseconds. */
function exact(latenciesUs: readonly number[], share: number): number {
  const sorted = [...latenciesUs].sort((a, b) => a - b)
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
}

function expectClose(latenciesUs: readonly number[]): void {
  const found = percentiles(sketchOf(latenciesUs), SHARES)
  SHARES.forEach((share, i) => {
    const foundUs = (found?.[i] ?? Number.NaN) * 1000
    const exactUs = exact(latenciesUs, share)
    const error = Math.abs(foundUs - exactUs)
    // What took no measurable time is told as about a microsecond.
    expect(error, `p${share * 100}: ${foundUs} for ${exactUs}`).toBeLessThanOrEqual(
      Math.max(exactUs * 0.02, 1),
    )
  })
}

const microseconds = fc.integer({ min: 0, max: HOUR_US })

describe('percentiles are within 2 % of exact', () => {
  const distributions: Record<string, fc.Arbitrary<number>> = {
    'evenly spread': microseconds,
    'over all magnitudes': fc
      .double({ min: 0, max: Math.log(HOUR_US), noNaN: true })
      .map(Math.exp)
      .map(Math.round),
    'a few very slow ones': fc.oneof(
      { weight: 95, arbitrary: fc.integer({ min: 800, max: 1_200 }) },
      { weight: 5, arbitrary: fc.integer({ min: 20_000_000, max: 40_000_000 }) },
    ),
    'two humps': fc.oneof(fc.integer({ min: 300, max: 400 }), fc.integer({ min: 90_000, max: 95_000 })),
    'all alike': fc.constantFrom(0, 1, 2, 50, 51, 1_000_000, HOUR_US),
  }
  test.each(Object.entries(distributions))('%s', (_name, one) => {
    fc.assert(fc.property(fc.array(one, { minLength: 1, maxLength: 2_000 }), expectClose), { numRuns: 60 })
  })

  test.each([
    [[0]],
    [[1]],
    [[HOUR_US]],
    [[0, 1, HOUR_US]],
    [[...Array<number>(99).fill(0), HOUR_US]],
    [[...Array<number>(94).fill(1), ...Array<number>(6).fill(HOUR_US)]],
  ])('at the ends of the scale: %#', (latenciesUs) => {
    expectClose(latenciesUs)
  })

  test('for every whole number of microseconds up to a millisecond and around each bucket’s bound', () => {
    for (let us = 1; us <= 1_000; us++) expectClose([us])
    for (let bucket = 1; bucket <= latencyBucket(HOUR_US); bucket++) {
      const bound = Math.floor(1.02 ** bucket)
      for (const us of [bound, bound + 1]) if (us <= HOUR_US) expectClose([us])
    }
  })
})

describe('a sketch', () => {
  test('of two halves added up is that of the whole', () => {
    fc.assert(
      fc.property(fc.array(microseconds), fc.array(microseconds), (some, others) => {
        const sum = sketchOf(some)
        addSketch(sum, sketchOf(others))
        expect(sum).toEqual(sketchOf([...some, ...others]))
      }),
    )
  })

  test('never has more than 1,200 buckets, and what is negative, zero or endless has one of its own', () => {
    expect(latencyBucket(HOUR_US)).toBeLessThan(1_200)
    expect([-5, 0, 1].map(latencyBucket)).toEqual([0, 0, 0])
    expect(latencyBucket(Number.MAX_SAFE_INTEGER)).toBe(latencyBucket(HOUR_US))
  })

  test('of nothing has no percentile', () => {
    expect(percentiles({}, SHARES)).toBeNull()
    expect(percentiles({ 7: 0 }, SHARES)).toBeNull()
  })

  test('orders its buckets as numbers, not as words', () => {
    const [median] = percentiles({ 9: 1, 10: 1, 100: 1 }, [0.5]) ?? []
    expect(median).toBe(percentiles({ 10: 1 }, [0.5])?.[0])
  })
})
