import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { UsageBatch, UsageEvent } from '../core/usage'
import { isolatedRecords } from './records'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const event = (number: number) => ({ requestId: `req_${number}` }) as UsageEvent

/** Records whose batches are taken as told, and what was sent. */
function open(answer: () => 'taken' | 'refused' | 'away' = () => 'taken') {
  const sent: UsageBatch[] = []
  const send = async (body: string) => {
    sent.push(JSON.parse(body))
    return answer()
  }
  const records = isolatedRecords(send, Date.now)
  const waits: Promise<void>[] = []
  /** A request that ends with what it recorded. */
  const request = (...events: UsageEvent[]) => {
    for (const one of events) records.add(one)
    records.keepAlive((work) => waits.push(work))
  }
  return { records, sent, waits, request }
}

describe('where requests must not wait for each other', () => {
  test('one of them hands over for all, a moment later', async () => {
    const { sent, waits, request } = open()
    request()
    expect(waits).toEqual([])
    for (let i = 0; i < 3; i++) request(event(i))
    expect(waits).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(250)
    await Promise.all(waits)
    expect(sent.map(({ events }) => events)).toEqual([[event(0), event(1), event(2)]])
    request(event(3))
    expect(waits).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(250)
    expect(sent).toHaveLength(2)
  })

  test('what nobody takes is tried again as the very same batch, then left to the next request', async () => {
    let isUp = false
    const { sent, waits, request } = open(() => (isUp ? 'taken' : 'away'))
    request(event(0))
    await vi.advanceTimersByTimeAsync(10_000)
    await Promise.all(waits)
    expect(sent).toHaveLength(3)
    isUp = true
    request(event(1))
    await vi.advanceTimersByTimeAsync(250)
    expect(sent.map(({ id }) => id).slice(0, 4)).toEqual(Array(4).fill(sent[0]?.id))
    expect(sent[4]?.events).toEqual([event(1)])
    expect(sent).toHaveLength(5)
  })

  test('a request that the platform ended before it was done is followed by another after 25 seconds', async () => {
    const { sent, waits, request } = open()
    request(event(0))
    vi.clearAllTimers()
    request(event(1))
    expect(waits).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(24_999)
    request()
    expect(waits).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    request()
    expect(waits).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(250)
    expect(sent.map(({ events }) => events)).toEqual([[event(0), event(1)]])
  })

  test('counts of decisions go along, and by themselves every five seconds at most', async () => {
    const { records, sent, waits, request } = open()
    for (let second = 0; second < 5; second++) {
      records.noteDecision('ok')
      request()
      expect(waits).toHaveLength(0)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    request()
    expect(waits).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(250)
    expect(sent).toMatchObject([{ events: [], decisions: { ok: 5 } }])
    records.noteDecision('ok')
    request()
    expect(waits).toHaveLength(1)
    request(event(0))
    await vi.advanceTimersByTimeAsync(250)
    expect(sent[1]).toMatchObject({ events: [event(0)], decisions: { ok: 1 } })
  })

  test('two that hand over at once lose nothing: the batch is the same, and the next one stays', async () => {
    const takers: (() => void)[] = []
    const sent: UsageBatch[] = []
    const send = (body: string) => {
      sent.push(JSON.parse(body))
      return new Promise<'taken'>((resolve) => takers.push(() => resolve('taken')))
    }
    const records = isolatedRecords(send, Date.now)
    for (let i = 0; i < 700; i++) records.add(event(i))
    const both = [records.flush(), records.flush()]
    await vi.advanceTimersByTimeAsync(0)
    while (takers.length > 0) {
      takers.shift()?.()
      await vi.advanceTimersByTimeAsync(0)
    }
    await Promise.all(both)
    const batches = new Map(sent.map(({ id, events }) => [id, events]))
    expect([...batches.values()].flat()).toHaveLength(700)
  })
})
