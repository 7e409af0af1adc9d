import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { guardStore } from './jackson-store'

const TTL_SECONDS = 600

/** The library's store, as far as it does anything on its own. */
function storeOf(clear: () => Promise<void>) {
  const db = {
    ttlCleanup: clear,
    timerId: setTimeout(clear, TTL_SECONDS * 1000),
    close: async () => undefined,
  }
  return { db, getAll: async (namespace: string) => ({ data: [namespace] }) }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('what saml-jackson does on its own', () => {
  test('goes on after a failure, which nobody else hears of, and ends when it is closed', async () => {
    const clear = vi.fn(() => Promise.reject(new Error('Driver not Connected')))
    const store = storeOf(clear)
    guardStore(store, TTL_SECONDS)
    await vi.advanceTimersByTimeAsync(2 * TTL_SECONDS * 1000)
    expect(clear).toHaveBeenCalledTimes(2)
    await store.db.close()
    await vi.advanceTimersByTimeAsync(2 * TTL_SECONDS * 1000)
    expect(clear).toHaveBeenCalledTimes(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('looks for no traces, which are switched off, and for all else', async () => {
    const store = storeOf(async () => undefined)
    guardStore(store, TTL_SECONDS)
    expect(await store.getAll('saml:tracer')).toEqual({ data: [] })
    expect(await store.getAll('saml:config')).toEqual({ data: ['saml:config'] })
  })
})
