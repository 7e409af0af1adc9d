import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { revokeApiKey } from '../lib/domain/api-key-changes'
import { createApiKey } from '../lib/domain/api-keys'
import { verifyAuditLog } from '../lib/domain/audit-verification'
import { tenant } from '../lib/domain/testing/tenants'
import { nodeEnv } from '../lib/env/node'
import { restoreEnvironment, setEnvironment } from '../lib/env/testing/environment'
import { lockUntilCommit } from '../lib/store/advisory-lock'
import { closeDb, db, inTransaction, isDatabaseOutage, patiently } from '../lib/store/db'
import { closeIdp, openIdp } from '../lib/store/idp'
import { migrate } from './migrate'
import { type PgBouncer, pgBouncerPath, reportWithoutPgBouncer, startPgBouncer } from './pgbouncer'

reportWithoutPgBouncer('Twig through PgBouncer in transaction mode')

/** As an operator may have told it, who found that it refuses what it does not know. */
const FORGETFUL = ['ignore_startup_parameters = statement_timeout,options']
const POOL_SIZE = 3

describe.skipIf(!pgBouncerPath)('through PgBouncer in transaction mode', async () => {
  if (!pgBouncerPath) return
  const direct = nodeEnv().databaseUrl
  let pooler: PgBouncer
  beforeAll(async () => {
    await closeDb()
    pooler = await startPgBouncer({ databaseUrl: direct, poolSize: POOL_SIZE })
    setEnvironment({ DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: direct })
  })
  afterAll(async () => {
    await closeIdp()
    await closeDb()
    restoreEnvironment()
    await pooler.close()
  })

  async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return work(client).finally(() => client.end())
  }
  /** Statements with a mark in them that Postgres works on. */
  const running = (mark: string) =>
    connected(direct, async (client) => {
      const { rows } = await client.query(
        `select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like $1`,
        [`%${mark}%`],
      )
      return rows.length
    })
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    )
  const timeout = (sql: Pick<ReturnType<typeof db>, '$queryRaw'>) =>
    sql.$queryRaw<[{ ms: string }]>`select current_setting('statement_timeout') as ms`.then(([{ ms }]) => ms)

  test('statements of requests have 800 ms and those of chores a minute, by themselves and in a transaction', async () => {
    expect(await timeout(db())).toBe('800ms')
    expect(await inTransaction(timeout)).toBe('800ms')
    expect(await patiently(() => timeout(db()))).toBe('1min')
    expect(await patiently(() => inTransaction(timeout))).toBe('1min')
  })

  test('one that takes longer ends in Postgres too, and counts as an outage', async () => {
    const alone = await failure(db().$queryRaw`select pg_sleep(20)::text as left_behind_alone`)
    const within = await failure(
      inTransaction((tx) => tx.$queryRaw`select pg_sleep(20)::text as left_behind_in`),
    )
    expect([isDatabaseOutage(alone), isDatabaseOutage(within)]).toEqual([true, true])
    expect(await running('left_behind')).toBe(0)
  })

  test('whoever is lent the connections next finds nothing set on them', async () => {
    await Promise.all(Array.from({ length: 2 * POOL_SIZE }, () => timeout(db())))
    const settings = await Promise.all(
      Array.from({ length: POOL_SIZE }, () =>
        connected(pooler.url, async (client) => {
          await client.query('begin')
          const { rows } = await client.query(
            `select current_setting('statement_timeout') as s, current_setting('lock_timeout') as l, pg_sleep(0.05)`,
          )
          await client.query('commit')
          return `${rows[0].s} ${rows[0].l}`
        }),
      ),
    )
    expect(settings).toEqual(Array(POOL_SIZE).fill('0 0'))
  })

  test('whoever holds a lock by name keeps out the others, with more of them than connections to Postgres', async () => {
    const { organization } = await tenant()
    const where = { id: organization.id }
    await Promise.all(
      Array.from({ length: 8 }, () =>
        inTransaction(async (tx) => {
          await lockUntilCommit(tx, 'a test of poolers')
          const { policyVersion } = await tx.organization.findUniqueOrThrow({ where })
          await tx.organization.update({ where, data: { policyVersion: policyVersion + 1 } })
        }),
      ),
    )
    expect(await db().organization.findUniqueOrThrow({ where })).toMatchObject({ policyVersion: 9 })
  })

  test('changes at once leave their rows, their audit log and its chain whole', async () => {
    const { organization, operator } = await tenant()
    const keys = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        createApiKey(operator, { name: `K${index}`, scopes: ['read'], environment: 'live' }),
      ),
    )
    await Promise.all(keys.map(({ id }) => revokeApiKey(operator, { id })))
    expect(await verifyAuditLog(organization.id)).toMatchObject({ valid: true, rows: 13 })
  })

  test('a statement by itself that its commit refuses has failed', async () => {
    const { organization } = await tenant()
    const refused = db().$executeRaw`
      INSERT INTO audit_removals (organization_id, reason, through_seq, actor_kind)
      VALUES (${organization.id}, 'organization_deleted', 1, 'operator')`
    await expect(refused).rejects.toThrow('append-only')
    expect(await db().auditRemoval.count({ where: { organizationId: organization.id } })).toBe(0)
  })

  test('a statement that fails leaves nothing open behind it', async () => {
    for (let round = 0; round < 12; round++)
      await expect(db().$queryRaw`select 1 from nothing_of_that_name`).rejects.toThrow('nothing_of_that_name')
    expect(await timeout(db())).toBe('800ms')
    const open = await connected(direct, (client) =>
      client.query(`select 1 from pg_stat_activity where state like 'idle in transaction%'`),
    )
    expect(open.rowCount).toBe(0)
  })

  test('saml-jackson has its schema, on connections of its own', async () => {
    await openIdp()
    const { rows } = await connected(direct, (client) =>
      client.query(`select table_schema from information_schema.tables where table_name like 'jackson%'`),
    )
    expect([...new Set(rows.map((row) => row.table_schema))]).toEqual(['jackson'])
  })

  test.each([
    ['refuses', []],
    ['forgets', FORGETFUL],
  ])('nobody migrates through one that %s what connections are begun with', async (_, settings) => {
    const other = await startPgBouncer({ databaseUrl: direct, poolSize: 1, settings })
    await expect(migrate(other.url)).rejects.toThrow('DATABASE_DIRECT_URL')
    await other.close()
    expect(await migrate(direct)).toEqual([])
  })
})
