import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiPolicy } from '../core/policy'
import type { Environment } from '../core/principal'
import { warmUp } from '../domain/testing/keys'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from '../store/background'
import { closeDb, db } from '../store/db'
import { startApi } from './testing/api-server'
import { ADMITTED, type Row, type ScopeSet, SETS, TABLE } from './testing/authorization-table'
import { ENVIRONMENTS, type Home, makeHome, mint, plant, snapshot } from './testing/matrix-home'

const BASES: Record<Environment, string> = { live: '/api/v1', test: '/api/test/v1' }
const AT_ONCE = 8

let api: Awaited<ReturnType<typeof startApi>>
let mine: Home
let theirs: Home
const keys = new Map<string, string>()

beforeAll(async () => {
  await warmUp()
  setEnvironment({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })
  mine = await makeHome()
  theirs = await makeHome()
  for (const environment of ENVIRONMENTS) {
    for (const set of SETS)
      keys.set(`${environment} ${set}`, await mint(mine.organizationId, environment, set))
  }
  api = await startApi()
}, 120_000)
afterAll(async () => {
  await api.close()
  restoreEnvironment()
  await backgroundSettled()
  await closeDb()
})

interface Cell {
  row: Row
  set: ScopeSet
  keyOf: Environment
  base: Environment
  target: 'own' | 'other'
}

/** Status, and the code where it is refused. */
type Answer = `${number}` | `${number} ${string}`

function expectedOf({ row, set, keyOf, base, target }: Cell): Answer {
  if (keyOf !== base) return '401 wrong_environment'
  if (!ADMITTED[row.scope]?.includes(set)) return '403 insufficient_scope'
  const status = keyOf === 'test' ? (row.test ?? row.own) : row.own
  // Whatever a Test key may not do at all it may not do to others’ things either.
  if (target === 'other') return keyOf === 'test' && row.test === 409 ? '409' : '404 not_found'
  return `${status}`
}

/** Where a cell asks: ids of its own organization, or of another’s in the last place of the path. */
async function pathOf({ row, set, keyOf, base, target }: Cell): Promise<string> {
  const [, pattern = ''] = row.request.split(' ')
  const place = target === 'own' ? mine : theirs
  const ids = { ...place.ids[base] }
  const last = row.path?.at(-1)
  const isTaken = row.once && target === 'own' && keyOf === base && ADMITTED[row.scope]?.includes(set)
  if (last && isTaken) ids[last] = await plant(last, place.organizationId, base, ids.source)
  const values = row.path?.map((kind) => ids[kind]) ?? []
  return BASES[base] + pattern.replaceAll('{id}', () => values.shift() ?? '')
}

async function askOnce(cell: Cell): Promise<{ answer: Answer; text: string }> {
  const { row, set, keyOf, base } = cell
  const [method = 'GET'] = row.request.split(' ')
  const ids = (cell.target === 'own' ? mine : theirs).ids[base]
  const headers: Record<string, string> = { Authorization: `Bearer ${keys.get(`${keyOf} ${set}`)}` }
  if (row.body) headers['Content-Type'] = 'application/json'
  const body = row.body ? JSON.stringify(row.body(ids)) : null
  const response = await fetch(api.url + (await pathOf(cell)), { method, headers, body })
  const text = await response.text()
  const { status } = response
  const code = status >= 400 ? (JSON.parse(text) as { code: string }).code : ''
  const isNamed = [401, 403, 404].includes(status)
  return { answer: isNamed ? `${status} ${code}` : `${status}`, text }
}

/** A machine that stalls is told as an outage; nothing was done then, and it is asked again. */
async function ask(cell: Cell, expected: Answer): Promise<{ answer: Answer; text: string }> {
  for (let tries = 1; ; tries++) {
    const told = await askOnce(cell)
    if (told.answer !== '503' || expected === '503' || tries === 4) return told
  }
}

test('the table names every operation of the API, once', () => {
  const named = TABLE.map(({ request }) => request).sort()
  const served = apiPolicy
    .filter(({ audience }) => audience === 'key')
    .flatMap(({ methods, pattern }) =>
      methods.map((method) => `${method} ${pattern.replaceAll(/\{\w+\}/g, '{id}')}`),
    )
  expect(named).toEqual(served.sort())
})

test('every operation × scope set × environment × organization answers as the table says, and changes nothing of another’s', async () => {
  const cells: Cell[] = TABLE.flatMap((row) =>
    SETS.flatMap((set) =>
      ENVIRONMENTS.flatMap((keyOf) =>
        ENVIRONMENTS.flatMap((base) => {
          const reaches = row.path !== undefined || row.scope === 'execute'
          const targets = reaches ? (['own', 'other'] as const) : (['own'] as const)
          return targets.map((target) => ({ row, set, keyOf, base, target }))
        }),
      ),
    ),
  )
  // What an earlier try has used up.
  await db().throttle.deleteMany()
  const before = await snapshot(theirs)
  const foreign = [
    theirs.organizationId,
    ...Object.values(theirs.ids.live),
    ...Object.values(theirs.ids.test),
  ]
  const unexpected: string[] = []
  const queue = [...cells]
  const work = async () => {
    for (let cell = queue.shift(); cell; cell = queue.shift()) {
      const expected = expectedOf(cell)
      const { answer, text } = await ask(cell, expected)
      const { row, set, keyOf, base, target } = cell
      const where = `${row.request} [${set || 'none'}] ${keyOf} key, ${base} API, ${target}`
      if (answer !== expected) unexpected.push(`${where}: ${answer}, not ${expected} ${text.slice(0, 200)}`)
      if (target === 'own' && foreign.some((id) => text.includes(id)))
        unexpected.push(`${where}: tells of others`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  expect(cells.length).toBeGreaterThan(4_500)
  expect(unexpected).toEqual([])
  expect(await snapshot(theirs)).toBe(before)
}, 240_000)

test('what belongs to another source of one’s own organization, or of another’s, is no document of this one', async () => {
  const key = keys.get('live rwxa') ?? ''
  const { source } = mine.ids.live
  const elsewhere = await plant('source', mine.organizationId, 'live', '')
  const strays = [theirs.ids.live.document, await plant('document', mine.organizationId, 'live', elsewhere)]
  for (const document of strays) {
    for (const method of ['GET', 'DELETE']) {
      const url = `${api.url}/api/v1/data-sources/${source}/documents/${document}`
      const response = await fetch(url, { method, headers: { Authorization: `Bearer ${key}` } })
      expect(response.status).toBe(404)
    }
  }
})

test('Test data does not exist for Live, nor Live data for Test', async () => {
  for (const keyOf of ENVIRONMENTS) {
    const other = keyOf === 'live' ? 'test' : 'live'
    const headers = { Authorization: `Bearer ${keys.get(`${keyOf} rwxa`)}` }
    const ids = mine.ids[other]
    for (const path of [
      `/agents/${ids.agent}`,
      `/data-sources/${ids.source}`,
      `/interactions/${ids.interaction}`,
    ]) {
      expect((await fetch(api.url + BASES[keyOf] + path, { headers })).status, path).toBe(404)
    }
  }
  const live = await fetch(`${api.url}${BASES.test}/api-keys/${mine.ids.live.key}`, {
    headers: { Authorization: `Bearer ${keys.get('test rwxa')}` },
  })
  expect(live.status).toBe(404)
})
