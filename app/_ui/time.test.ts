import { describe, expect, it } from 'vitest'
import { relativeText, utcClockText, utcDayText, utcMinuteText, utcSecondText, utcText } from './time'

const now = Date.UTC(2026, 10, 23, 16, 30, 5)
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('relativeText', () => {
  it.each([
    [0, 'just now'],
    [-59_999, 'just now'],
    [59_999, 'just now'],
    [-minute, '1 min ago'],
    [-59 * minute, '59 min ago'],
    [-hour, '1 h ago'],
    [-day + 1, '23 h ago'],
    [-day, '1 day ago'],
    [-29 * day, '29 days ago'],
    [-30 * day, '1 month ago'],
    [-364 * day, '12 months ago'],
    [-365 * day, '1 year ago'],
    [-800 * day, '2 years ago'],
    [5 * minute, 'in 5 min'],
    [2 * day, 'in 2 days'],
  ])('says %i ms from now as "%s"', (offsetMs, words) => {
    expect(relativeText(now + offsetMs, now)).toBe(words)
  })
})

describe('utcText', () => {
  it('is the absolute time in UTC to the second, whatever the local zone', () => {
    expect(utcText(now)).toBe('2026-11-23 16:30:05 UTC')
  })
})

describe('shorter forms', () => {
  it('are in UTC as well', () => {
    expect(utcMinuteText(now)).toBe('2026-11-23 16:30 UTC')
    expect(utcSecondText(now)).toBe('Nov 23, 16:30:05')
    expect(utcDayText(now)).toBe('Nov 23')
    expect(utcClockText(now)).toBe('16:30')
  })
})
