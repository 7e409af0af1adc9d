import { describe, expect, it } from 'vitest'
import { countText, scaleOf } from './scale'

describe('scaleOf', () => {
  it.each([
    [0, 1],
    [1, 1],
    [3, 3],
    [7, 8],
    [10, 10],
    [11, 12],
    [31, 40],
    [214, 300],
    [999, 1000],
    [12_345, 16_000],
  ])('an axis for %d ends at %d', (peak, top) => {
    expect(scaleOf(peak).top).toBe(top)
  })

  it('has whole marks from 0 to a top that no count exceeds', () => {
    for (let peak = 0; peak < 3000; peak += 7) {
      const { top, marks } = scaleOf(peak)
      expect(top).toBeGreaterThanOrEqual(peak)
      expect(marks[0]).toBe(0)
      expect(marks.at(-1)).toBe(top)
      expect(marks.every(Number.isInteger)).toBe(true)
    }
  })
})

describe('countText', () => {
  it('groups thousands, and is short where there is little room', () => {
    expect(countText(1234)).toBe('1,234')
    expect(countText(4000, true)).toBe('4,000')
    expect(countText(20_000, true)).toBe('20k')
    expect(countText(1_500_000, true)).toBe('1.5M')
  })
})
