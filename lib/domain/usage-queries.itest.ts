import { describe, expect, test } from 'vitest'
import { usagePeriods } from '../core/key-schemas'
import { usageWindow } from '../core/usage-periods'
import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { keyInUse } from './testing/usage-events'
import { callersQuery, endpointsQuery, scopesQuery, stepsQuery, todayQuery } from './usage-queries'

const DAY_MS = 86_400_000

describe('on a large table', () => {
  const minute = Prisma.sql`date_trunc('minute', now())`
  const row = Prisma.sql`'GET', '/agents', 'read'::scope, 200, '', true, 1, '{"300": 1}'::jsonb`
  /** As they are written: by time, those of a busy key among those of the others. */
  const fillWith = (busy: string) => [
    Prisma.sql`SET LOCAL session_replication_role = replica`,
    Prisma.sql`
      INSERT INTO usage_minutes SELECT CASE WHEN k > 10 THEN 'key_' || k ELSE ${busy} END, ${minute} - m * interval '1 minute',
        'GET', '/agents/' || k, 'read', 200, '', true, 1, '{"300": 1}'
      FROM generate_series(500, 1, -1) AS m, generate_series(1, 100) AS k`,
    Prisma.sql`
      INSERT INTO usage_half_hours SELECT CASE WHEN k > 10 THEN 'key_' || k ELSE ${busy} END,
        date_trunc('hour', now()) - h * interval '30 minutes', 'GET', '/agents/' || k, 'read', 200, '', true, 1, '{"300": 1}'
      FROM generate_series(400, 1, -1) AS h, generate_series(1, 100) AS k`,
    Prisma.sql`
      INSERT INTO usage_days SELECT 'key_' || k, current_date - d, ${row}
      FROM generate_series(89, 0, -1) AS d, generate_series(1, 200) AS k`,
    Prisma.sql`
      INSERT INTO usage_days SELECT ${busy}, current_date - d, 'GET', '/agents/' || e, 'read', 200, '', true, 1, '{}'
      FROM generate_series(89, 0, -1) AS d, generate_series(1, 20) AS e`,
    Prisma.sql`
      INSERT INTO usage_callers SELECT CASE WHEN k > 20 THEN 'key_' || k ELSE ${busy} END, current_date - d, '192.0.2.' || k,
        'curl', 1, now()
      FROM generate_series(89, 0, -1) AS d, generate_series(1, 200) AS k`,
    Prisma.sql`
      INSERT INTO api_requests
      SELECT n % 32, 'req_x' || k || '_' || n, now() - n * interval '1 hour', 'org_x', 'key_' || k,
        'GET', '/agents', '/agents', 200, '', true, 1, '', ''
      FROM generate_series(1, 40) AS k, generate_series(1, 640) AS n`,
    ...['usage_minutes', 'usage_half_hours', 'usage_days', 'usage_callers', 'api_requests'].map((table) =>
      Prisma.raw(`ANALYZE ${table}`),
    ),
  ]

  test.each(['a quiet key', 'a busy key'])(
    'every statement of a report, and the list, comes to the rows of %s through an index',
    async (which) => {
      const busy = await keyInUse()
      const { keyId, organizationId } = which === 'a busy key' ? busy : await keyInUse()
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
          for (const sql of fillWith(busy.keyId)) await tx.$executeRaw(sql)
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
        expect(plan).not.toMatch(/_(?:minute|half_hour|day)_idx/)
        expect(plan).toMatch(/Index Cond: .*key_id/)
      }
    },
  )
})
