import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Json } from '../core/canonical-json'
import { db } from '../store/db'
import { verifyAuditLog } from './audit-verification'
import { tenant } from './testing/tenants'

/** Each costs the start of a process; where nobody waits, as many as are promised. */
const KILLS = process.env.CI ? 50 : 10
/** Processes that make changes at the same time. */
const AT_ONCE = 3
const CHANGES_MAX = 8
const LATE_MS_MAX = 25

/** Makes changes in a process of its own, and kills it at a random moment after a few of them. */
async function changeAndDie(organizationId: string): Promise<void> {
  const loop = `${import.meta.dirname}/testing/change-loop.ts`
  const child = spawn(process.execPath, ['--import', 'tsx', loop, organizationId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<string | null>((resolve) => child.on('close', (_code, signal) => resolve(signal)))
  let changes = 0
  const goal = randomInt(1, CHANGES_MAX)
  const reached = new Promise<void>((resolve) => {
    child.stdout.on('data', (dots: Buffer) => {
      changes += dots.length
      if (changes >= goal) resolve()
    })
  })
  await Promise.race([reached, ended])
  await wait(randomInt(LATE_MS_MAX))
  child.kill('SIGKILL')
  expect(await ended).toBe('SIGKILL')
}

type Named = { [name: string]: Json } | null

/** What there must be, if the audit log tells everything and nothing but what was done. */
async function replayed(organizationId: string) {
  const names = new Map<string, string>()
  let organization = ''
  const rows = await db().auditLog.findMany({ where: { organizationId }, orderBy: { seq: 'asc' } })
  for (const { action, targetId, before, after } of rows) {
    const [noun, verb] = action.split('.')
    const [was, is] = [before as Named, after as Named]
    if (noun === 'organization') {
      if (verb === 'updated') expect(was?.name).toBe(organization)
      organization = String(is?.name)
    } else if (verb === 'deleted') {
      expect(names.get(targetId ?? '')).toBe(was?.name)
      names.delete(targetId ?? '')
    } else {
      if (verb === 'replaced') expect(names.get(targetId ?? '')).toBe(was?.name)
      names.set(targetId ?? '', String(is?.name))
    }
  }
  return { names, organization, rows: rows.length }
}

test('killed at random points, no change is without its row and no row without its change', async () => {
  const { organization } = await tenant()
  const { id } = organization
  let left = KILLS
  const kill = async () => {
    while (left-- > 0) await changeAndDie(id)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, kill))

  const told = await replayed(id)
  const where = { organizationId: id }
  const [agents, sources, now] = await Promise.all([
    db().agent.findMany({ where, select: { id: true, name: true } }),
    db().dataSource.findMany({ where, select: { id: true, name: true } }),
    db().organization.findUniqueOrThrow({ where: { id } }),
  ])
  const there = [...agents, ...sources].map((each) => [each.id, each.name] as const)
  expect(new Map(there)).toEqual(told.names)
  expect(now.name).toBe(told.organization)
  expect(await verifyAuditLog(id)).toMatchObject({ valid: true, rows: told.rows, last_seq: told.rows })
  expect(told.rows).toBeGreaterThan(KILLS)
}, 300_000)
