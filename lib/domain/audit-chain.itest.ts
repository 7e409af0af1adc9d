import fc from 'fast-check'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { readMigrations } from '../../server/migrate'
import { ChainedRow, ChainWalker } from '../core/audit-chain'
import { canonicalJson, type Json } from '../core/canonical-json'
import { db, inTransaction, patiently } from '../store/db'
import { sha256 } from '../store/hmac'
import { recordAudit } from './audit'
import { verifyAuditLog } from './audit-verification'
import { tenant } from './testing/tenants'

const base = process.env.DATABASE_URL ?? ''
const MIGRATION = '20261129101000_audit_chain'

/** A connection of its own, without the hurry of requests. */
async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return work(client).finally(() => client.end())
}

test('the database and the code write the same canonical JSON', async () => {
  const values = fc
    .sample(fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }), { numRuns: 300, seed: 20261129 })
    .filter((value) => !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value)))
  const sent = JSON.stringify(values)
  const rows = await patiently(
    () => db().$queryRaw<Array<{ text: string; value: Json }>>`
      SELECT audit_canonical(value) AS text, value
      FROM jsonb_array_elements(${sent}::jsonb) WITH ORDINALITY AS all_of_them(value, place)
      ORDER BY place`,
  )
  expect(rows.length).toBeGreaterThan(200)
  for (const { text, value } of rows) expect(canonicalJson(value)).toBe(text)
})

test('50 changes at once, each of two organizations in either order, take turns: no gap, no fork, no deadlock', async () => {
  const [one, two] = await Promise.all([tenant(), tenant()])
  const insert = `INSERT INTO audit_logs (id, organization_id, actor_kind, action, after)
    VALUES ($1, $2, 'operator', 'test.changed', jsonb_build_object('index', $3::int))`
  await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      connected(base, async (client) => {
        const order = index % 2 === 0 ? [one, two] : [two, one]
        await client.query('BEGIN')
        for (const { organization } of order)
          await client.query(insert, [`audit_${index}_${organization.id}`, organization.id, index])
        await client.query('COMMIT')
      }),
    ),
  )
  for (const { organization } of [one, two]) {
    const verdict = await verifyAuditLog(organization.id)
    expect(verdict).toMatchObject({ valid: true, rows: 51, first_seq: 1, last_seq: 51 })
    const rows = await db().auditLog.findMany({ where: { organizationId: organization.id } })
    const seen = rows
      .map(({ after }) => (after as { index?: number }).index)
      .filter((index) => index !== undefined)
    expect(new Set(seen).size).toBe(50)
  }
})

test('the chain’s lock comes last, whenever a row is recorded: whoever takes others afterwards meets nobody', async () => {
  const { organization, operator } = await tenant()
  const id = organization.id
  const rename = (index: number) => ({ where: { id }, data: { name: `Name ${index}` } })
  // Without the hurry of requests: what waits for another would wait until Postgres calls it a deadlock.
  const change = (index: number) =>
    inTransaction(async (tx) => {
      if (index % 2 === 0) await tx.organization.update(rename(index))
      await recordAudit(tx, operator, { action: 'test.changed' })
      if (index % 2 === 1) await tx.organization.update(rename(index))
    })
  await Promise.all(Array.from({ length: 20 }, (_, index) => patiently(() => change(index))))
  expect(await verifyAuditLog(id)).toMatchObject({ valid: true, rows: 21 })
})

test('a change that fails leaves no row, and no gap where it would have been', async () => {
  const { organization, operator } = await tenant()
  const failing = inTransaction(async (tx) => {
    await recordAudit(tx, operator, { action: 'test.failed' })
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  await inTransaction((tx) => recordAudit(tx, operator, { action: 'test.changed' }))
  expect(await verifyAuditLog(organization.id)).toMatchObject({ valid: true, rows: 2, last_seq: 2 })
})

test('a row says who, what, from where and by which request, and holds no secret', async () => {
  const { organization } = await tenant()
  const person = {
    ...{ kind: 'user' as const, userId: 'user_1', sessionId: 'sess_1', organizationId: organization.id },
    ...{ role: 'admin' as const, environment: 'live' as const, clientIp: '192.0.2.7', requestId: 'req_1' },
  }
  const secret = `twigsk_live_${'a1B2'.repeat(13)}`
  await inTransaction((tx) =>
    recordAudit(tx, person, {
      action: 'test.changed',
      targetId: 'agent_1',
      before: { note: `was ${secret}` },
      after: { client_secret: 'hunter2', note: 'a\0b' },
    }),
  )
  const row = await db().auditLog.findFirstOrThrow({ where: { organizationId: organization.id, seq: 2 } })
  expect(row).toMatchObject({
    ...{ actorKind: 'user', actorId: 'user_1', action: 'test.changed', targetId: 'agent_1' },
    ...{ clientIp: '192.0.2.7', requestId: 'req_1', before: { note: 'was [masked]' } },
    after: { client_secret: '[masked]', note: 'a\ufffdb' },
  })
})

test('rows from before there was a chain are chained by the migration, in the order of their times; one without rows gets its head', async () => {
  const name = `chained_${process.pid}`
  onTestFinished(async () => {
    await connected(base, (owner) => owner.query(`DROP DATABASE ${name} WITH (FORCE)`))
  })
  await connected(base, (owner) => owner.query(`CREATE DATABASE ${name}`))
  await connected(base.replace(/[^/]+$/, name), async (client) => {
    const migrations = readMigrations()
    for (const { name: each, sql } of migrations) if (each < MIGRATION) await client.query(sql)
    for (const id of ['org_a', 'org_b', 'org_c'])
      await client.query(`INSERT INTO organizations (id, slug, name) VALUES ($1, $1, 'Test')`, [id])
    const insert = `INSERT INTO audit_logs (id, organization_id, time, actor_kind, action, after)
      VALUES ($1, $2, $3, 'operator', 'test.changed', '{"b": [1.5, "ü\\n"], "a": null}')`
    for (const [id, organization, time] of [
      ['audit_3', 'org_a', '2026-01-01T00:00:02.5Z'],
      ['audit_2', 'org_b', '2026-01-01T00:00:01Z'],
      ['audit_1', 'org_a', '2026-01-01T00:00:01Z'],
    ])
      await client.query(insert, [id, organization, time])
    for (const { name: each, sql } of migrations) if (each >= MIGRATION) await client.query(sql)
    const { rows } = await client.query<{ row: Json }>(`
      SELECT to_jsonb(l) - 'time' || jsonb_build_object(
        'time', to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS row
      FROM audit_logs l WHERE organization_id = 'org_a' ORDER BY seq`)
    const walker = new ChainWalker(sha256)
    for (const { row } of rows) walker.take(ChainedRow.parse(row))
    const { faults, first, last } = walker.end()
    expect({ faults, first: first?.id, last: last?.id }).toEqual({
      faults: [],
      first: 'audit_1',
      last: 'audit_3',
    })
    const heads = await client.query('SELECT organization_id, seq, hash FROM audit_heads ORDER BY 1')
    expect(heads.rows).toMatchObject([
      { organization_id: 'org_a', seq: 2, hash: last?.hash },
      { organization_id: 'org_b', seq: 1 },
      { organization_id: 'org_c', seq: 0, hash: '0'.repeat(64) },
    ])
    const installation = await client.query('SELECT id, first_organization_id FROM installation')
    expect(installation.rows).toEqual([{ id: 'twig', first_organization_id: 'org_a' }])
  })
})
