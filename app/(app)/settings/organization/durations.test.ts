import { expect, test } from 'vitest'
import { durationOptions, durationText, settingOf, UNSET } from './durations'

test('a duration is told in the largest unit that it is a whole number of', () => {
  expect([15, 60, 90, 480, 1440, 10_080].map(durationText)).toEqual([
    '15 minutes',
    '1 hour',
    '90 minutes',
    '8 hours',
    '1 day',
    '7 days',
  ])
})

test('a setting that is none of those offered stands among them, in its place', () => {
  const options = durationOptions('7 days', [15, 60], { present: 45, minutesEach: 1 })
  expect(options.map(({ label }) => label)).toEqual(['15 minutes', '45 minutes', '1 hour', '7 days'])
  expect(durationOptions('Never', [1], { present: 1, minutesEach: 60 })).toHaveLength(2)
})

test('what stands for no setting is read as none', () => {
  expect(settingOf(UNSET)).toBeNull()
  expect(settingOf(null)).toBeNull()
  expect(settingOf('15')).toBe(15)
})
