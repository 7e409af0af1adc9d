import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { afterBudget, withinBudget } from './budget'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const late = () => new Error('too late')

describe('a budget', () => {
  test('that is spent is told once, after a moment for answers that are already here', async () => {
    const giveUp = vi.fn()
    afterBudget(300, giveUp)
    await vi.advanceTimersByTimeAsync(300)
    expect(giveUp).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(20)
    expect(giveUp).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(giveUp).toHaveBeenCalledTimes(1)
  })

  test.each([0, 299, 310])('that is cleared after %i ms is never told', async (afterMs) => {
    const giveUp = vi.fn()
    const clear = afterBudget(300, giveUp)
    await vi.advanceTimersByTimeAsync(afterMs)
    clear()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(giveUp).not.toHaveBeenCalled()
  })
})

describe('an answer within a budget', () => {
  test('is handed on, and leaves no timer behind', async () => {
    await expect(withinBudget(Promise.resolve('here'), 300, late)).resolves.toBe('here')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('that fails, fails with its own error, and leaves no timer behind', async () => {
    const error = new Error('away')
    await expect(withinBudget(Promise.reject(error), 300, late)).rejects.toBe(error)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('that does not come is given up, and one that comes later changes nothing', async () => {
    let answer = (_text: string) => {}
    const slow = new Promise<string>((resolve) => {
      answer = resolve
    })
    const within = expect(withinBudget(slow, 300, late)).rejects.toThrow('too late')
    await vi.advanceTimersByTimeAsync(320)
    await within
    answer('here')
    await slow
  })
})
