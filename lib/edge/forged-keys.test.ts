import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ADDRESSES_MAX, type ForgedLine, forgedKeys } from './forged-keys'

const START = Date.parse('2027-01-15T08:00:10Z')

beforeEach(() => {
  vi.useFakeTimers({ now: START })
})
afterEach(() => vi.useRealTimers())

function counting() {
  const lines: ForgedLine[] = []
  return { lines, note: forgedKeys(Date.now, (line) => lines.push(line)) }
}

test('a flood from an address is one line, when its minute is over', () => {
  const { lines, note } = counting()
  for (let i = 0; i < 5_000; i++) note('203.0.113.9')
  note('2001:db8::1')
  note(null)
  expect(lines).toEqual([])
  vi.advanceTimersByTime(50_000)
  const time = '2027-01-15T08:00:00.000Z'
  expect(lines).toEqual([
    { clientIp: '203.0.113.9', keys: 5_000, time },
    { clientIp: '2001:db8::1', keys: 1, time },
    { clientIp: 'unknown', keys: 1, time },
  ])
  vi.advanceTimersByTime(600_000)
  expect(lines).toHaveLength(3)
})

test('each minute has lines of its own, whether or not a timer ran', () => {
  const { lines, note } = counting()
  note('203.0.113.9')
  vi.setSystemTime(START + 120_000)
  note('203.0.113.9')
  vi.advanceTimersByTime(120_000)
  expect(lines.map(({ keys, time }) => [keys, time])).toEqual([
    [1, '2027-01-15T08:00:00.000Z'],
    [1, '2027-01-15T08:02:00.000Z'],
  ])
})

test('memory and log are bounded: beyond 1,000 addresses in a minute the rest is one line', () => {
  const { lines, note } = counting()
  for (let i = 0; i < 3 * ADDRESSES_MAX; i++) note(`10.0.${i >> 8}.${i & 255}`)
  vi.advanceTimersByTime(60_000)
  expect(lines).toHaveLength(ADDRESSES_MAX + 1)
  expect(lines.at(-1)).toMatchObject({ clientIp: 'others', keys: 2 * ADDRESSES_MAX })
})
