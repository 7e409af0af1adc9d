import { afterEach, expect, test, vi } from 'vitest'
import { claimSync } from './source-sync-claims'
import { endSyncing, Syncer, startSyncing, syncDueSources } from './source-syncer'
import { requestSync } from './source-syncs'
import { syncWorld, TEAM_TITLES } from './testing/syncing'

const here = syncWorld()

afterEach(async () => {
  vi.useRealTimers()
  await endSyncing()
})

const until = async (isSo: () => boolean | Promise<boolean>) => {
  while (!(await isSo())) await new Promise(setImmediate)
}

test('sources that are due are synced beside each other, until none is', async () => {
  const sources = [await here.source(), await here.source(), await here.source()]
  const syncer = new Syncer()
  syncer.ring()
  await syncer.idle()
  for (const source of sources) {
    expect(await here.titles(source)).toEqual(TEAM_TITLES)
    expect(await here.stateOf(source)).toMatchObject({ phase: 'idle', last_error: null })
  }
  await syncer.close()
})

test('the chore syncs what is due, and the bell what is asked for, at once', async () => {
  const source = await here.source()
  const isIdle = async () => (await here.stateOf(source))?.phase === 'idle'
  await syncDueSources()
  await until(isIdle)
  startSyncing()
  await requestSync(source.key, source)
  await until(isIdle)
  expect((await here.stateOf(source))?.requested_at).toBeNull()
})

test('who looks for what is due wakes the others of the process for the rest', async () => {
  const [first, second] = [await here.source(), await here.source()]
  here.google.control.fail({
    on: 'GET /drive/v3/files/bulk-2/export',
    status: 200,
    delayMs: 15_000,
    times: 1,
  })
  const syncer = new Syncer()
  syncer.look()
  await until(async () => (await here.stateOf(second))?.phase === 'idle')
  expect((await here.stateOf(first))?.phase).toBe('fetching')
  await syncer.close()
})

test('a process that ends gives its turn back, writes nothing more, and the next one goes on at once', async () => {
  const source = await here.source()
  here.google.control.fail({
    on: 'GET /drive/v3/files/bulk-2/export',
    status: 200,
    delayMs: 300,
    times: 1,
  })
  here.google.control.forgetCalls()
  const ending = new Syncer()
  ending.ring()
  await until(() => here.google.control.count('GET /drive/v3/files/bulk-2/export') > 0)
  await ending.close()
  expect(await here.titles(source)).not.toContain('bulk 2')
  expect(await here.stateOf(source)).toMatchObject({ phase: 'waiting', last_error: null })
  await here.syncAll()
  expect(await here.titles(source)).toEqual(TEAM_TITLES)
})

test('a turn that takes long is renewed by a timer, whatever the provider does, and is nobody else’s', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  await here.source()
  let wake = () => {}
  const asleep = new Promise<void>((resolve) => {
    wake = resolve
  })
  let isAsleep = false
  const turn = here.sync(() => {
    isAsleep = true
    return asleep
  })
  await until(() => isAsleep)
  for (let seconds = 0; seconds < 120; seconds += 20) {
    here.advance(20_000)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await claimSync(here.now())).toBeNull()
  }
  wake()
  expect(await turn).toBe(true)
})
