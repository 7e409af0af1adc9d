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
  test('go at once while none is under way, and the others together as soon as it is answered', async () => {
    const { calls, ask } = openCalls()
    const answers = ['1', '2', '3', '4'].map(ask)
    expect(calls.map(({ commands }) => commands)).toEqual([['1']])
    calls[0]?.answer([{ result: 'a' }])
    expect(await answers[0]).toBe('a')
    await settled()
    expect(calls[1]?.commands).toEqual(['2', '3', '4'])
    calls[1]?.answer([{ result: 'b' }, { error: 'NOSCRIPT no' }, { result: null }])
    expect(await answers[1]).toBe('b')
    await expect(answers[2]).rejects.toThrow('NOSCRIPT no')
    expect(await answers[3]).toBeNull()
    await settled()
    expect(calls).toHaveLength(2)
  })

  test('that share a call share its failure, and the next ones are asked', async () => {
    const { calls, ask } = openCalls()
    const answers = ['1', '2', '3'].map(ask)
    calls[0]?.fail(new Error('away'))
    await expect(answers[0]).rejects.toThrow('away')
    await settled()
    const last = ask('4')
    calls[1]?.fail(new Error('gone'))
    for (const answer of answers.slice(1)) await expect(answer).rejects.toThrow('gone')
    await settled()
    calls[2]?.answer([{ result: 'd' }])
    expect(await last).toBe('d')
    expect(calls).toHaveLength(3)
  })

  test('are not held up by calls that take long', async () => {
    vi.useFakeTimers()
    const { calls, ask } = openCalls()
    const answers = ['1', '2', '3'].map(ask)
    expect(calls).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(20)
    vi.useRealTimers()
    expect(calls.map(({ commands }) => commands)).toEqual([['1'], ['2', '3']])
    for (const { commands, answer } of calls) answer(commands.map((result) => ({ result })))
    expect(await Promise.all(answers)).toEqual(['1', '2', '3'])
    expect(calls).toHaveLength(2)
  })

  test.each([[[]], [null]])('that are left unanswered by %j fail', async (answer) => {
    const { calls, ask } = openCalls()
    const asked = ask('1')
    calls[0]?.answer(answer as [])
    await expect(asked).rejects.toThrow()
  })

  test('are not held up by calls that have spent their budget', async () => {
    const { calls, ask } = openCalls((answer) => Promise.race([answer, Promise.reject(new Error('late'))]))
    const late = ask('1')
    const next = ask('2')
    await expect(late).rejects.toThrow('late')
    await next.catch(() => {})
    expect(calls[1]?.commands).toEqual(['2'])
  })
})
