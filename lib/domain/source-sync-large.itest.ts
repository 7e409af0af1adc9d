import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { db } from '../store/db'
import { startGoogle } from '../store/testing/google-server'
import { SYNC_LEASE_MS } from './source-sync-claims'
import { setUpGoogle } from './testing/connected'
import { syncWorld, TEAM } from './testing/syncing'

const here = syncWorld()
const ALL = 10_000
/** The others are films, which nobody asks for the content of. */
const WITH_TEXT = 4_000
const MIB = 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('ten thousand documents, broken off at random as by kill -9, end in the same index, in memory that does not grow with their number', async () => {
  const big = await startGoogle({ pageSize: 200 })
  setUpGoogle(big)
  try {
    big.control.putFolder({ id: 'team', name: 'Team', parent: 'root' })
    big.control.putMany(WITH_TEXT, 'team')
    for (let number = 0; number < ALL - WITH_TEXT; number++) {
      big.control.putFile({
        id: `film-${number}`,
        name: `Film ${number}`,
        parent: 'team',
        mimeType: 'video/mp4',
      })
    }
    const source = await here.source([TEAM], big)
    const heaps: number[] = []
    const deaths = new Set(Array.from({ length: 6 }, (_, part) => randomInt(1, 1_500) + part * 1_600))
    let calls = 0
    let die = () => {}
    const wait = async () => {
      here.advance(1)
      calls += 1
      if (deaths.delete(calls)) {
        die()
        await new Promise(() => {})
      }
      if (calls % 1_000 === 0) {
        collectGarbage()
        heaps.push(process.memoryUsage().heapUsed)
      }
      if (calls % 50 === 0) await sleep(0)
    }
    for (let isDue: boolean | 'dead' = true; isDue; ) {
      const dead = new Promise<'dead'>((resolve) => {
        die = () => resolve('dead')
      })
      isDue = await Promise.race([here.sync(wait), dead])
      if (isDue === 'dead') here.advance(SYNC_LEASE_MS + 1)
    }
    expect(deaths.size).toBe(0)
    expect(await here.stateOf(source)).toMatchObject({
      phase: 'idle',
      found: ALL,
      done: ALL,
      failed: 0,
      skipped: ALL - WITH_TEXT,
    })
    const where = { dataSourceId: source.id }
    // Where the tables were last looked at while empty, Postgres would compare each row of one with all of the other.
    await db().$executeRaw`analyze documents, document_originals`
    expect(await db().document.count({ where })).toBe(ALL)
    expect(await db().document.count({ where: { ...where, status: 'waiting' } })).toBe(WITH_TEXT)
    expect(await db().documentOriginal.count({ where: { document: where } })).toBe(WITH_TEXT)
    // At most what was held at each death came twice.
    expect(big.control.downloads().length).toBeLessThan(WITH_TEXT + 6 * 25)
    expect(Math.max(...heaps.slice(1)) - (heaps[0] ?? 0)).toBeLessThan(30 * MIB)
  } finally {
    setUpGoogle(here.google)
    await big.close()
  }
}, 240_000)
