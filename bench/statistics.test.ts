import fc from 'fast-check'
import { expect, test } from 'vitest'
import { median, percentile } from './statistics'

test('a percentile is the value of its nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  expect([0, 0.5, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([1, 50, 99, 100])
  expect(percentile([7], 0.99)).toBe(7)
  expect(percentile(Float64Array.of(1, 2), 0.5)).toBe(1)
  expect(percentile([], 0.5)).toBeNaN()
})

test('at least the share of the values lies at or below a percentile, and fewer lie below it', () => {
  const values = fc.array(fc.integer(), { minLength: 1 })
  fc.assert(
    fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (some, share) => {
      const sorted = some.sort((a, b) => a - b)
      const found = percentile(sorted, share)
      expect(sorted.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * sorted.length)
      expect(sorted.filter((value) => value < found).length).toBeLessThan(share * sorted.length)
    }),
  )
})

test('a median is the middle value, or the mean of the two in the middle, whatever the order', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})
