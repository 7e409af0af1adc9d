import { describe, expect, test } from 'vitest'
import { usagePeriods } from '../core/key-schemas'
import { usageWindow } from '../core/usage-periods'
import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { keyInUse } from './testing/usage-events'
import { callersQuery, endpointsQuery, scopesQuery, stepsQuery, todayQuery } from './usage-queries'

const DAY_MS = 86_400_000

describe('on a large table', () => {
  const fill = [
    Prisma.sql`SET LOCAL session_replication_role = replica`,
    Prisma.sql`
      INSERT INTO usage_minutes SELECT 'key_' || k, date_trunc('minute', now()) - m * interval '1 minute',
        'GET', '/agents', 'read', 200, '', true, 1, '{"300": 1}'
      FROM generate_series(1, 40) AS k, generate_series(1, 500) AS m`,
    Prisma.sql`
      INSERT INTO usage_half_hours SELECT 'key_' || k, date_trunc('hour', now()) - h * interval '30 minutes',
        'GET', '/agents', 'read', 200, '', true, 1, '{"300": 1}'
      FROM generate_series(1, 100) AS k, generate_series(1, 200) AS h`,
    Prisma.sql`
      INSERT INTO usage_days SELECT 'key_' || k, current_date - d, 'GET', '/agents', 'read', 200, '', true, 1, '{}'
      FROM generate_series(1, 200) AS k, generate_series(0, 89) AS d`,
    Prisma.sql`
      INSERT INTO usage_callers SELECT 'key_' || k, current_date - d, '192.0.2.7', 'curl', 1, now()
      FROM generate_series(1, 200) AS k, generate_series(0, 89) AS d`,
    Prisma.sql`
      INSERT INTO api_requests
      SELECT n % 32, 'req_x' || k || '_' || n, now() - n * interval '1 hour', 'org_x', 'key_' || k,
        'GET', '/agents', '/agents', 200, '', true, 1, '', ''
      FROM generate_series(1, 40) AS k, generate_series(1, 640) AS n`,
    ...['usage_minutes', 'usage_half_hours', 'usage_days', 'usage_callers', 'api_requests'].map((table) =>
      Prisma.raw(`ANALYZE ${table}`),
    ),
  ]

  test('every statement of a report, and the list, comes to its rows through an index', async () => {
    const { keyId, organizationId } = await keyInUse()
    const nowMs = Date.now()
    const since = new Date(nowMs - 30 * DAY_MS)
    const statements = usagePeriods.flatMap((period) => {
      const window = usageWindow(period, nowMs)
      return [stepsQuery, endpointsQuery, callersQuery].map((query) => query(keyId, window, nowMs))
    })
    const list = Prisma.sql`
      SELECT * FROM api_requests WHERE key_id = ${keyId} AND organization_id = ${organizationId} AND time > ${since}
      ORDER BY time DESC, id DESC LIMIT 51`
    const plans: string[] = []
    // Rolled back: the rows are of keys that do not exist, and other tests count theirs.
    const over = new Error('over')
    const work = db().$transaction(
      async (tx) => {
        for (const sql of fill) await tx.$executeRaw(sql)
        for (const sql of [...statements, scopesQuery(keyId, 30, nowMs), todayQuery(keyId, nowMs), list]) {
          const rows = await tx.$queryRaw<Record<string, string>[]>`EXPLAIN ${sql}`
          plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
        }
        throw over
      },
      { timeout: 30_000 },
    )
    await expect(work).rejects.toBe(over)
    expect(plans).toHaveLength(18)
    for (const plan of plans) {
      expect(plan).not.toMatch(/Seq Scan on (?:usage|api)/)
      expect(plan).toMatch(/Index Cond: .*key_id/)
    }
  })
})
