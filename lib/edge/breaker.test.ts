import { describe, expect, test } from 'vitest'
import { OutageError, withBreaker } from './breaker'

/** A dependency on a clock of its own, which answers or fails when told to. */
function dependency() {
  const clock = { nowMs: 1_800_000_000_000 }
  const calls: { argument: string; succeed: () => void; fail: (cause: unknown) => void }[] = []
  const call = withBreaker(
    (argument: string) =>
      new Promise<string>((resolve, reject) => {
        calls.push({ argument, succeed: () => resolve(`${argument}!`), fail: reject })
      }),
    () => clock.nowMs,
  )
  /** A call that fails at once when it is made at all. */
  const failing = async (cause: unknown) => {
    const made = calls.length
    const failed = expect(call('x')).rejects.toBe(cause)
    calls[made]?.fail(cause)
    await failed
  }
  return { clock, calls, call, failing }
}

const refused = (call: Promise<unknown>) => expect(call).rejects.toBeInstanceOf(OutageError)

describe('a dependency that answers', () => {
  test('is called every time, with the arguments as they are, and its answers are handed on', async () => {
    const { calls, call } = dependency()
    const answers = ['a', 'b', 'c'].map((argument) => call(argument))
    for (const { succeed } of calls) succeed()
    expect(await Promise.all(answers)).toEqual(['a!', 'b!', 'c!'])
    expect(calls.map(({ argument }) => argument)).toEqual(['a', 'b', 'c'])
  })
})

describe('a dependency that fails', () => {
  test('shows the caller its own failure', async () => {
    await dependency().failing(new Error('connection refused'))
  })

  test('is left alone for exactly a second: every call fails at once and names the cause', async () => {
    const { clock, calls, call, failing } = dependency()
    const cause = new Error('connection refused')
    await failing(cause)
    for (const afterMs of [0, 1, 500, 498]) {
      clock.nowMs += afterMs
      await expect(call('x')).rejects.toMatchObject({ name: 'OutageError', cause })
    }
    expect(calls).toHaveLength(1)
    clock.nowMs += 1
    const trial = call('trial')
    expect(calls).toHaveLength(2)
    calls[1]?.succeed()
    expect(await trial).toBe('trial!')
  })

  test('is tried by one caller after the pause; the others do not wait for it', async () => {
    const { clock, calls, call, failing } = dependency()
    await failing(new Error('away'))
    clock.nowMs += 1_000
    const trial = call('trial')
    for (let i = 0; i < 5; i++) await refused(call('x'))
    expect(calls).toHaveLength(2)
    calls[1]?.succeed()
    await trial
    const all = ['a', 'b', 'c'].map((argument) => call(argument))
    expect(calls).toHaveLength(5)
    for (const { succeed } of calls) succeed()
    expect(await Promise.all(all)).toEqual(['a!', 'b!', 'c!'])
  })

  test('that fails the trial is left alone for a second from then on', async () => {
    const { clock, calls, call } = dependency()
    const made: Promise<unknown>[] = [call('first').catch(() => {})]
    calls[0]?.fail(new Error('away'))
    await made[0]
    clock.nowMs += 1_000
    const trial = expect(call('trial')).rejects.toThrow('still away')
    clock.nowMs += 300
    calls[1]?.fail(new Error('still away'))
    await trial
    clock.nowMs += 999
    await refused(call('x'))
    clock.nowMs += 1
    call('another').catch(() => {})
    expect(calls.map(({ argument }) => argument)).toEqual(['first', 'trial', 'another'])
  })

  test('that keeps the trial waiting is tried again after another second', async () => {
    const { clock, calls, call, failing } = dependency()
    await failing(new Error('away'))
    clock.nowMs += 1_000
    call('silent').catch(() => {})
    clock.nowMs += 999
    await refused(call('x'))
    clock.nowMs += 1
    const answered = call('again')
    calls[2]?.succeed()
    expect(await answered).toBe('again!')
  })
})

test('an observer is told of every call that was made, and of every one that was spared', async () => {
  const told: string[] = []
  const observer = {
    made: (elapsedMs: number, hasFailed: boolean) => {
      expect(elapsedMs).toBeGreaterThanOrEqual(0)
      told.push(hasFailed ? 'failed' : 'well')
    },
    spared: () => void told.push('spared'),
  }
  let isWell = true
  let nowMs = 0
  const answer = async () => (isWell ? 'yes' : Promise.reject(new Error('no')))
  const call = withBreaker(answer, () => nowMs, observer)
  await call()
  isWell = false
  await expect(call()).rejects.toThrow('no')
  await refused(call())
  nowMs += 1_000
  isWell = true
  await call()
  expect(told).toEqual(['well', 'failed', 'spared', 'well'])
})
