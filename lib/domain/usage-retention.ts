import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'

const DAY_MS = 86_400_000
/** Rows deleted in one statement, which must be short. */
const CHUNK = 5_000
/** Chunks in one go; the rest waits for the next. */
const CHUNKS_MAX = 200

/** Deletes what a statement deletes a chunk of, until nothing is left. */
async function inChunks(deleteSome: () => Promise<number>): Promise<number> {
  let total = 0
  for (let chunk = 0; chunk < CHUNKS_MAX; chunk++) {
    const rows = await deleteSome()
    total += rows
    if (rows < CHUNK) break
  }
  return total
}

/** Deletes rows of one key; a partitioned table tells its rows apart by partition too. */
function deleteOfKeys(table: Prisma.Sql, keyIds: readonly string[], condition: Prisma.Sql): Promise<number> {
  return inChunks(
    () => db().$executeRaw`
      DELETE FROM ${table} WHERE (tableoid, ctid) IN (
        SELECT tableoid, ctid FROM ${table} WHERE key_id = ANY(${[...keyIds]}::text[]) AND ${condition} LIMIT ${CHUNK})`,
  )
}

/** Deletes single requests and callers that are older than their organization keeps them; counts stay. Returns rows deleted. */
export async function sweepUsageDetail(
  retentions: ReadonlyArray<{ organizationId: string; days: number }>,
  now: Date = new Date(),
): Promise<number> {
  let deleted = 0
  for (const { organizationId, days } of retentions) {
    const keys = await db().apiKey.findMany({ where: { organizationId }, select: { id: true } })
    const keyIds = keys.map(({ id }) => id)
    if (keyIds.length === 0) continue
    const before = new Date(now.getTime() - days * DAY_MS)
    const day = before.toISOString().slice(0, 10)
    deleted += await deleteOfKeys(Prisma.sql`api_requests`, keyIds, Prisma.sql`time < ${before}::timestamptz`)
    deleted += await deleteOfKeys(Prisma.sql`usage_callers`, keyIds, Prisma.sql`day < ${day}::date`)
  }
  return deleted
}

const TABLES = ['usage_minutes', 'usage_days', 'usage_callers', 'api_requests'] as const

/** Keys that a table counts and that are no more. Looks at one row a key, however many there are. */
async function goneKeys(table: Prisma.Sql): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ id: string }>>`
    WITH RECURSIVE ids AS (
      (SELECT min(key_id) AS id FROM ${table})
      UNION ALL
      SELECT (SELECT min(key_id) FROM ${table} WHERE key_id > ids.id) FROM ids WHERE ids.id IS NOT NULL
    )
    SELECT id FROM ids WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM api_keys WHERE api_keys.id = ids.id)`
  return rows.map(({ id }) => id)
}

/** Deletes the usage of keys that went with their organization. Returns rows deleted. */
export async function sweepUsageOfGoneKeys(): Promise<number> {
  let deleted = 0
  for (const name of TABLES) {
    const table = Prisma.raw(name)
    const keyIds = await goneKeys(table)
    if (keyIds.length > 0) deleted += await deleteOfKeys(table, keyIds, Prisma.sql`true`)
  }
  return deleted
}
