import { describe, expect, it } from 'vitest'
import { TwigError } from '../core/errors'
import { WorkQueue } from './work-queue'

/** Work that lasts until it is let go. */
function held() {
  let release = () => {}
  const done = new Promise<void>((resolve) => {
    release = resolve
  })
  return { release, work: () => done }
}

describe('WorkQueue', () => {
  it('never runs more at once than it may, and all of it in the end', async () => {
    const queue = new WorkQueue({ concurrency: 2, maxWaiting: 100 })
    let running = 0
    let most = 0
    const work = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 1))
      running -= 1
    }
    await Promise.all(Array.from({ length: 50 }, () => queue.run(work)))
    expect(most).toBe(2)
    expect(running).toBe(0)
  })

  it('takes those who wait in the order they came', async () => {
    const queue = new WorkQueue({ concurrency: 1, maxWaiting: 10 })
    const order: number[] = []
    const first = held()
    const all = [queue.run(first.work), ...[1, 2, 3].map((n) => queue.run(async () => void order.push(n)))]
    first.release()
    await Promise.all(all)
    expect(order).toEqual([1, 2, 3])
  })

  it('refuses with a whole number of seconds when its line is full, and takes work again when it is not', async () => {
    const queue = new WorkQueue({ concurrency: 1, maxWaiting: 1 })
    const first = held()
    const running = queue.run(first.work)
    const waiting = queue.run(async () => 'waited')
    const refusal = await queue.run(async () => 'never').catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(TwigError)
    expect(refusal).toMatchObject({ code: 'temporarily_unavailable', status: 503 })
    expect((refusal as TwigError).retryAfterSeconds).toBeGreaterThanOrEqual(1)
    expect(() => queue.requireRoom()).toThrow(TwigError)
    first.release()
    await running
    expect(await waiting).toBe('waited')
    expect(await queue.run(async () => 'again')).toBe('again')
  })

  it('tells how many wait, how long each waited and whom it refused', async () => {
    let waiting = 0
    let refused = 0
    const waits: number[] = []
    const observer = {
      waiting: (by: number) => {
        waiting += by
      },
      waited: (elapsedMs: number) => void waits.push(elapsedMs),
      refused: () => {
        refused += 1
      },
    }
    const queue = new WorkQueue({ concurrency: 1, maxWaiting: 1, observer })
    const first = held()
    const running = queue.run(first.work)
    const second = queue.run(async () => {})
    expect(waiting).toBe(1)
    await expect(queue.run(async () => {})).rejects.toBeInstanceOf(TwigError)
    expect(refused).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    first.release()
    await Promise.all([running, second])
    expect(waiting).toBe(0)
    expect(waits[0]).toBe(0)
    expect(waits[1]).toBeGreaterThan(0)
    expect(waits).toHaveLength(2)
  })

  it('goes on after work that failed', async () => {
    const queue = new WorkQueue({ concurrency: 1, maxWaiting: 1 })
    await expect(queue.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await queue.run(async () => 'fine')).toBe('fine')
  })
})
