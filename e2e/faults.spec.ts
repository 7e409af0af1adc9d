import type { Browser } from '@playwright/test'
import { type OutageCase, outageTable } from '../lib/core/outages'
import { type Callers, isSoBy, startCallers } from './fault-callers'
import {
  type Away,
  expectedOf,
  isRight,
  lastingDamage,
  RECOVERY_MS,
  rows,
  type Scene,
  type Sight,
  tryRow,
} from './fault-cells'
import { openForms } from './fault-forms'
import type { Behaviour } from './fault-proxy'
import { type Gate, startWorld, type World } from './fault-world'
import { expect, test } from './fixtures'

interface Fault {
  name: string
  /** Whose column of the table holds; null where everything must simply work. */
  away: Away
  begin(world: World): Promise<void>
  /** `between` is called when one of two is back. */
  end(world: World, between: (away: Away) => Promise<void>): Promise<void>
}

const pass: Behaviour = { kind: 'pass' }
const refuse: Behaviour = { kind: 'refuse' }
const silent: Behaviour = { kind: 'silent' }
const late = (delayMs: number): Behaviour => ({ kind: 'slow', delayMs })

type Part = 'redis' | 'postgres'

function one(name: string, part: Part, behaviour: Behaviour, away: Away = part): Fault {
  const begin = (world: World) => world[part].behave(behaviour)
  return { name, away, begin, end: (world) => world[part].behave(pass) }
}

function both(name: string, behaviour: Behaviour, first: Part): Fault {
  const second = first === 'redis' ? 'postgres' : 'redis'
  return {
    name,
    away: 'both',
    async begin({ redis, postgres }) {
      await Promise.all([redis.behave(behaviour), postgres.behave(behaviour)])
    },
    async end(world, between) {
      await world[first].behave(pass)
      await between(second)
      await world[second].behave(pass)
    },
  }
}

/** Over in a moment, and hardly to be noticed. */
function blow(name: string, begin: (world: World) => Promise<void>): Fault {
  return { name, away: null, begin, end: async () => {} }
}

/** Postgres first: what Redis knows of deleted keys is gone once it was emptied. */
const tables: Readonly<Record<string, Fault[]>> = {
  Postgres: [
    one('refused', 'postgres', refuse),
    one('silent', 'postgres', silent),
    one('2 s late', 'postgres', late(2_000)),
    blow('restarted', (world) => world.restartPostgres()),
  ],
  'Postgres and Redis': [
    both('refused, Redis back first', refuse, 'redis'),
    both('silent, Postgres back first', silent, 'postgres'),
  ],
  Redis: [
    one('refused', 'redis', refuse),
    one('silent', 'redis', silent),
    one('3 s late', 'redis', late(3_000)),
    one('nonsense', 'redis', { kind: 'garbage' }),
    one('200 ms late', 'redis', late(200), null),
    blow('emptied', (world) => world.emptyRedis()),
    blow('restarted', (world) => world.restartRedis()),
  ],
}

/** What was seen, for the table that is printed: ✗ where it differs from the one that is promised. */
function worded(sight: Sight, row: OutageCase, away: Away): string {
  const { outcome, answers, wrong, before } = sight
  const statuses = [...new Set(answers.map(({ status }) => status))]
  const times = (status: number) => answers.filter((answer) => answer.status === status).length
  const slowest = answers.length > 0 ? [`${Math.round(Math.max(...answers.map(({ ms }) => ms)))} ms`] : []
  const seen = [...statuses.map((status) => `${times(status)}× ${status}`), ...slowest, ...new Set(wrong)]
  const words = [outcome, ...seen, ...(before ? [`second try after: ${before}`] : [])].join(', ')
  return isRight(sight, row, away) ? `✓ ${words}` : `✗ ${words} (not: ${expectedOf(row, away)})`
}

/** Tries all rows under one fault. Returns what was seen, by row. */
async function tryFault(fault: Fault, gate: Gate, scene: Scene): Promise<Map<string, string>> {
  const { world, callers } = scene
  const column = new Map<string, string>()
  /** Every answer on the way must be a good one. */
  const settle = async (away: Away) => {
    const expected = expectedOf('knownKey', away)
    const began = Date.now()
    const onTheWay = new Set<string>()
    const isSo = await isSoBy(began + RECOVERY_MS, async () => {
      const { outcome } = await tryRow('knownKey', { ...scene, away, isSecondTry: true })
      onTheWay.add(outcome)
      return outcome === expected
    })
    const words = `${[...onTheWay].join(', then ')} after ${Date.now() - began} ms`
    const isGood = isSo && [...onTheWay].every((outcome) => /^(works|degraded)( and |$)/.test(outcome))
    column.set('Until it is so', isGood ? `✓ ${words}` : `✗ ${words} (not: ${expected})`)
  }
  await fault.begin(world)
  if (fault.away === null) await settle(null)
  for (const row of rows) {
    // Pages are the middleware's wherever the gate of the API is.
    if (gate === 'middleware' && (row === 'page' || row === 'signIn')) continue
    column.set(outageTable[row].what, worded(await tryRow(row, scene), row, fault.away))
  }
  await fault.end(world, settle)
  const ended = Date.now()
  const damage = await lastingDamage(scene, ended)
  const words = damage.length > 0 ? damage.join('; ') : `all, after ${Date.now() - ended} ms`
  column.set('Afterwards', `${damage.length > 0 ? '✗' : '✓'} ${words}`)
  const plan = scene.forms && fault.away === 'redis' ? 'pro' : null
  const { body } = await callers.call(callers.known)
  if (plan) expect(body, 'the plan set meanwhile').toMatchObject({ organization: { plan } })
  return column
}

/** The table as Markdown, a column for each fault. */
function markdown(title: string, columns: Map<string, Map<string, string>>): string {
  const names = [...new Set([...columns.values()].flatMap((column) => [...column.keys()]))]
  const lines = [
    [title, ...columns.keys()],
    ['---', ...[...columns].map(() => '---')],
    ...names.map((name) => [name, ...[...columns.values()].map((column) => column.get(name) ?? '')]),
  ]
  return lines.map((line) => `| ${line.join(' | ')} |\n`).join('')
}

for (const gate of ['server', 'middleware'] as const) {
  test.describe(`with the gate in the ${gate}`, () => {
    // One after another, on one Twig.
    test.describe.configure({ mode: 'default' })
    let world: World
    let callers: Callers

    test.beforeAll(async ({ playwright }) => {
      test.setTimeout(120_000)
      world = await startWorld(gate)
      callers = await startCallers(world, playwright.request)
    })

    test.afterAll(async () => {
      await callers?.close()
      await world?.close()
    })

    /** In the first fault of a table a browser takes part. */
    async function forms(browser: Browser, isFirst: boolean) {
      return gate === 'server' && isFirst ? openForms(browser, world.url) : null
    }

    for (const [title, faults] of Object.entries(tables)) {
      test(`with ${title} away every cell is as the table of outages says, and all is back within 5 s`, async ({
        browser,
      }) => {
        test.setTimeout(150_000)
        const columns = new Map<string, Map<string, string>>()
        try {
          for (const fault of faults) {
            const keys = await callers.prepare()
            const open = await forms(browser, fault === faults[0])
            const { name, away } = fault
            const scene: Scene = {
              world,
              callers,
              keys,
              forms: open,
              fault: `${title} ${name}`,
              away,
              isSecondTry: false,
            }
            columns.set(name, await tryFault(fault, gate, scene))
            await open?.close()
          }
        } finally {
          process.stdout.write(`\n${markdown(`${title}, gate in the ${gate}`, columns)}\n`)
        }
        const cells = [...columns.values()].flatMap((column) => [...column.values()])
        expect(cells.filter((cell) => cell.startsWith('✗'))).toEqual([])
      })
    }
  })
}
