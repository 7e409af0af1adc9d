import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { db } from '../store/db'
import { startGoogle } from '../store/testing/google-server'
import { setUpGoogle } from './testing/connected'
import { syncWorld, TEAM } from './testing/syncing'

const here = syncWorld()

test('ten thousand documents come in memory that does not grow with their number', async () => {
  const big = await startGoogle({ pageSize: 200 })
  setUpGoogle(big)
  try {
    big.control.putFolder({ id: 'team', name: 'Team', parent: 'root' })
    big.control.putMany(10_000, 'team')
    const source = await here.source([TEAM], big)
    const heaps: number[] = []
    let count = 0
    await here.syncAll(async () => {
      here.advance(1)
      count += 1
      if (count % 1_000 === 0) heaps.push(process.memoryUsage().heapUsed)
      await sleep(0)
    })
    expect(await here.stateOf(source)).toMatchObject({ phase: 'idle', found: 10_000, done: 10_000 })
    expect(await db().document.count({ where: { dataSourceId: source.id } })).toBe(10_000)
    // A thousand of it or all: what is held is one page and one document.
    expect(Math.max(...heaps.slice(5)) - Math.min(...heaps.slice(0, 5))).toBeLessThan(150 * 1024 * 1024)
  } finally {
    setUpGoogle(here.google)
    await big.close()
  }
}, 240_000)
