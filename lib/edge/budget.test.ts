import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { afterBudget, longestMs, withinBudget } from './budget'

const realMs = performance.now.bind(performance)

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

describe('a budget of a process that is kept from its work', () => {
  /** A loop that is free for a share of the time. */
  function spentAfterMs(budgetMs: number, share: number): Promise<number> {
    const startMs = performance.now()
    const idle = () => (performance.now() - startMs) * share
    return new Promise((resolve) => {
      afterBudget(budgetMs, () => resolve(performance.now() - startMs), idle)
    })
  }

  test.each([
    [300, 1, 320],
    [300, 0.5, 620],
    [300, 0, 1_220],
    [10_000, 0, 13_020],
  ])('of %i ms, free for %d of the time, is spent after %i', async (budgetMs, share, ms) => {
    const spent = spentAfterMs(budgetMs, share)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(Math.abs((await spent) - ms)).toBeLessThanOrEqual(2)
    expect(ms).toBeLessThanOrEqual(longestMs(budgetMs) + 20)
  })

  test('hands on what came while it stalled, however many turns that takes', async () => {
    vi.useRealTimers()
    const answer = withinBudget(turns(20), 100, late)
    stall(150)
    await expect(answer).resolves.toBe('here')
  })
})

/** Comes after so many turns of the event loop, of a few milliseconds' work each. */
async function turns(count: number): Promise<string> {
  for (let turn = 0; turn < count; turn++) {
    stall(5)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return 'here'
}

function stall(ms: number): void {
  const untilMs = realMs() + ms
  while (realMs() < untilMs);
}

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
