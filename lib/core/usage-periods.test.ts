import fc from 'fast-check'
import { expect, test } from 'vitest'
import { usagePeriods } from './key-schemas'
import { usageWindow } from './usage-periods'

const NOW = Date.parse('2026-01-31T09:44:59.999Z')
const from = (period: (typeof usagePeriods)[number]) =>
  new Date(usageWindow(period, NOW).fromMs).toISOString()

test('steps begin on even marks in UTC, the last of them is running', () => {
  expect(from('1h')).toBe('2026-01-31T08:45:00.000Z')
  expect(from('24h')).toBe('2026-01-30T10:00:00.000Z')
  expect(from('7d')).toBe('2026-01-24T10:00:00.000Z')
  expect(from('30d')).toBe('2026-01-02T00:00:00.000Z')
  expect(from('90d')).toBe('2025-11-03T00:00:00.000Z')
})

test('the steps of every period hold now in the last one and are as many as the period is long', () => {
  const hours = { '1h': 1, '24h': 24, '7d': 7 * 24, '30d': 30 * 24, '90d': 90 * 24 }
  fc.assert(
    fc.property(fc.constantFrom(...usagePeriods), fc.integer({ min: 1e12, max: 3e12 }), (period, nowMs) => {
      const { fromMs, stepSeconds, steps } = usageWindow(period, nowMs)
      expect(steps * stepSeconds).toBe(hours[period] * 3600)
      expect(Math.floor((nowMs - fromMs) / (stepSeconds * 1000))).toBe(steps - 1)
      expect(fromMs % (stepSeconds * 1000)).toBe(0)
    }),
  )
})
