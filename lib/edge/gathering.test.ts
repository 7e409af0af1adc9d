import { describe, expect, test, vi } from 'vitest'
import { gathering } from './gathering'

interface Call {
  commands: string[]
  answer(answers: { error?: string; result?: unknown }[]): void
  fail(error: Error): void
}

/** Calls that are answered by hand. */
function openCalls(bounded: <T>(answer: Promise<T>) => Promise<T> = (answer) => answer) {
  const calls: Call[] = []
  const pipeline = () => {
    const commands: string[] = []
    return {
      evalsha: (sha1: string) => commands.push(sha1),
      exec: () => new Promise((resolve, reject) => calls.push({ commands, answer: resolve, fail: reject })),
    }
  }
  const ask = gathering({ pipeline } as unknown as Parameters<typeof gathering>[0], bounded)
  return { calls, ask: (sha1: string) => ask(sha1, ['k'], ['a']) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('questions to Redis', () => {
  test('go at once while few are under way, and the others together as soon as one is answered', async () => {
    const { calls, ask } = openCalls()
    const answers = ['1', '2', '3', '4', '5'].map(ask)
    expect(calls.map(({ commands }) => commands)).toEqual([['1'], ['2']])
    calls[1]?.answer([{ result: 'b' }])
    expect(await answers[1]).toBe('b')
    await settled()
    expect(calls[2]?.commands).toEqual(['3', '4', '5'])
    calls[2]?.answer([{ result: 'c' }, { error: 'NOSCRIPT no' }, { result: null }])
    expect(await answers[2]).toBe('c')
    await expect(answers[3]).rejects.toThrow('NOSCRIPT no')
    expect(await answers[4]).toBeNull()
    calls[0]?.answer([{ result: 'a' }])
    expect(await answers[0]).toBe('a')
  })

  test('that share a call share its failure, and the next ones are asked', async () => {
    const { calls, ask } = openCalls()
    const answers = ['1', '2', '3', '4'].map(ask)
    calls[0]?.fail(new Error('away'))
    await expect(answers[0]).rejects.toThrow('away')
    await settled()
    calls[2]?.fail(new Error('gone'))
    for (const answer of answers.slice(2)) await expect(answer).rejects.toThrow('gone')
    calls[1]?.answer([{ result: 'b' }])
    expect(await answers[1]).toBe('b')
    expect(calls).toHaveLength(3)
  })

  test('are not held up by calls that take long', async () => {
    vi.useFakeTimers()
    const { calls, ask } = openCalls()
    const answers = ['1', '2', '3', '4'].map(ask)
    expect(calls).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(20)
    vi.useRealTimers()
    expect(calls.map(({ commands }) => commands)).toEqual([['1'], ['2'], ['3', '4']])
    for (const { commands, answer } of calls) answer(commands.map((result) => ({ result })))
    expect(await Promise.all(answers)).toEqual(['1', '2', '3', '4'])
    expect(calls).toHaveLength(3)
  })

  test.each([[[]], [null]])('that are left unanswered by %j fail', async (answer) => {
    const { calls, ask } = openCalls()
    const asked = ask('1')
    calls[0]?.answer(answer as [])
    await expect(asked).rejects.toThrow()
  })

  test('are not held up by calls that have spent their budget', async () => {
    const { calls, ask } = openCalls((answer) => Promise.race([answer, Promise.reject(new Error('late'))]))
    const late = ['1', '2'].map(ask)
    const next = ask('3')
    for (const one of late) await expect(one).rejects.toThrow('late')
    await next.catch(() => {})
    expect(calls[2]?.commands).toEqual(['3'])
  })
})
