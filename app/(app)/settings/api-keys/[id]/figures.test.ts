import { expect, it } from 'vitest'
import { latencyText, stepText, successText } from './figures'

const none = { succeeded: 0, client_error: 0, server_error: 0, refused: 0, rate_limited: 0 }

it.each([
  [0.04, '0.0 ms'],
  [3.21, '3.2 ms'],
  [9.96, '10 ms'],
  [84.4, '84 ms'],
  [999.6, '1.00 s'],
  [1240, '1.24 s'],
  [12_400, '12.4 s'],
])('a latency of %d ms reads %s', (ms, text) => {
  expect(latencyText(ms)).toBe(text)
})

it('a success rate says 100% only when every request went well', () => {
  expect(successText({ ...none, succeeded: 9_999, server_error: 1 })).toBe('99.9%')
  expect(successText({ ...none, succeeded: 100_000, refused: 1 })).toBe('99.9%')
  expect(successText({ ...none, succeeded: 3 })).toBe('100%')
  expect(successText({ ...none, refused: 3 })).toBe('0%')
  expect(successText(none)).toBe('–')
})

it.each([
  [60, '1 minute'],
  [900, '15 minutes'],
  [3600, '1 hour'],
  [14_400, '4 hours'],
  [86_400, '1 day'],
])('a step of %d seconds reads %s', (seconds, text) => {
  expect(stepText(seconds)).toBe(text)
})
