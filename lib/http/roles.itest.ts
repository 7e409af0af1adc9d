import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../core/ids'
import { type Role, roleAtLeast, roles } from '../core/principal'
import { warmUp } from '../domain/testing/keys'
import { addSaml } from '../domain/testing/sso-settings'
import { personOf, tenant } from '../domain/testing/tenants'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from '../store/background'
import { closeDb, db } from '../store/db'
import { readText, sourceTree } from '../testing/source-tree'
import { plant, plantConnected } from './testing/matrix-home'
import type { Action, Kind } from './testing/role-action'
import { ACTIONS } from './testing/role-table'

interface Home {
  organizationId: string
  make: (kind: Kind) => Promise<string>
}

/** Verbs about nobody but the person themself, whatever their role; they take no other person’s id. */
const PERSONAL: readonly string[] = [
  'updateProfile',
  'changePasswordOf',
  'endSession',
  'endOtherSessions',
  'beginLinkingHere',
  'unlink',
  'switchOrganizationHere',
]

let mine: Home
let theirs: Home
beforeAll(async () => {
  await warmUp()
  setEnvironment({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })
  mine = await home()
  theirs = await home()
})
afterAll(async () => {
  restoreEnvironment()
  await backgroundSettled()
  await closeDb()
})

async function home(): Promise<Home> {
  const { organization, operator } = await tenant('enterprise')
  const { id: organizationId } = organization
  await personOf(organizationId, 'owner')
  const make = async (kind: Kind): Promise<string> => {
    // Whoever removed it leaves the next one another.
    if (kind === 'connection') {
      const there = await db().ssoConnection.findFirst({ where: { organizationId } })
      return there?.id ?? (await addSaml(operator)).id
    }
    if (kind === 'connected') return plantConnected(organizationId)
    if (kind === 'domain') {
      // The operator vouched: no record is looked for.
      const [id, now] = [newId('dom'), new Date()]
      const name = `${id.slice(4).toLowerCase()}.example`
      const data = { id, organizationId, name, token: 'x', verifiedAt: now, vouchedAt: now, ownedName: name }
      return (await db().domain.create({ data })).id
    }
    if (kind !== 'document') return plant(kind, organizationId, 'live', '')
    const source = await plant('source', organizationId, 'live', '')
    return `${source} ${await plant('document', organizationId, 'live', source)}`
  }
  return { organizationId, make }
}

type Outcome = 'through' | 'insufficient_role' | 'not_found'

async function outcomeOf({ call }: Action, role: Role, id: string): Promise<Outcome> {
  const person = await personOf(mine.organizationId, role)
  return call(person, id).then(
    () => 'through' as const,
    (error: { code?: string }) => {
      const { code } = error
      return code === 'insufficient_role' || code === 'not_found' ? code : 'through'
    },
  )
}

test('the table names what every server action of the console runs, once', () => {
  const actions = sourceTree().filter(({ path }) => /^app\/\(app\)\/.*actions\.ts$/.test(path))
  expect(actions.length).toBeGreaterThan(5)
  const verbs = actions.flatMap(({ path }) =>
    [...readText(path).matchAll(/= action\([^;]*?,\s*(\w+),?\s*\)\n/g)].map(([, verb]) => verb),
  )
  const named = [...ACTIONS.map(({ verb }) => verb), ...PERSONAL]
  expect([...new Set(verbs)].sort()).toEqual(named.sort())
})

test.each(roles)(
  'every action × own and other organization, for the role %s',
  async (role) => {
    const unexpected: string[] = []
    for (const action of ACTIONS) {
      const { verb, least, kind } = action
      const isReached = least === null || roleAtLeast(role, least)
      const own = await outcomeOf(action, role, kind ? await mine.make(kind) : '')
      if (own !== (isReached ? 'through' : 'insufficient_role')) unexpected.push(`${verb}, own: ${own}`)
      if (!kind) continue
      const other = await outcomeOf(action, role, await theirs.make(kind))
      // Whoever may not do it at all learns nothing either way.
      const isRefused = other === 'not_found' || (!isReached && other === 'insufficient_role')
      if (!isRefused) unexpected.push(`${verb}, other: ${other}`)
    }
    expect(unexpected).toEqual([])
  },
  120_000,
)
