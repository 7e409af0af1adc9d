import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { goneOrganizations } from './gone-organizations'

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

/** Deletes rows of one organization. */
function deleteAddresses(organizationId: string, condition: Prisma.Sql): Promise<number> {
  return inChunks(
    () => db().$executeRaw`
      DELETE FROM usage_addresses WHERE ctid IN (
        SELECT ctid FROM usage_addresses
        WHERE organization_id = ${organizationId} AND ${condition} LIMIT ${CHUNK})`,
  )
}

/** Deletes single requests, callers and their addresses that are older than their organization keeps them; counts stay. Returns rows deleted. */
export async function sweepUsageDetail(
  retentions: ReadonlyArray<{ organizationId: string; days: number }>,
  now: Date = new Date(),
): Promise<number> {
  let deleted = 0
  for (const { organizationId, days } of retentions) {
    const before = new Date(now.getTime() - days * DAY_MS)
    const day = before.toISOString().slice(0, 10)
    deleted += await deleteAddresses(organizationId, Prisma.sql`day < ${day}::date`)
    const keys = await db().apiKey.findMany({ where: { organizationId }, select: { id: true } })
    const keyIds = keys.map(({ id }) => id)
    if (keyIds.length === 0) continue
    deleted += await deleteOfKeys(Prisma.sql`api_requests`, keyIds, Prisma.sql`time < ${before}::timestamptz`)
    deleted += await deleteOfKeys(Prisma.sql`usage_callers`, keyIds, Prisma.sql`day < ${day}::date`)
  }
  return deleted
}

const TABLES = ['usage_minutes', 'usage_half_hours', 'usage_days', 'usage_callers', 'api_requests'] as const
const GONE_KEYS_A_TURN = 1_000
/** A batch may still have been written while its keys went: they are looked for again until then. */
const GONE_FOR_GOOD_MS = DAY_MS

/** Deletes the usage of organizations that were deleted, and of their keys. Meant for once an hour; returns rows deleted. */
export async function sweepUsageOfGone(now: Date = new Date()): Promise<number> {
  let deleted = 0
  for (const organizationId of await goneOrganizations('usage_addresses')) {
    deleted += await deleteAddresses(organizationId, Prisma.sql`true`)
  }
  for (let last = ''; ; ) {
    const orderBy = { id: 'asc' } as const
    const gone = await db().goneKey.findMany({ where: { id: { gt: last } }, orderBy, take: GONE_KEYS_A_TURN })
    const keyIds = gone.map(({ id }) => id)
    for (const name of TABLES) {
      if (keyIds.length > 0) deleted += await deleteOfKeys(Prisma.raw(name), keyIds, Prisma.sql`true`)
    }
    if (keyIds.length < GONE_KEYS_A_TURN) break
    last = keyIds.at(-1) ?? ''
  }
  await db().goneKey.deleteMany({ where: { goneAt: { lt: new Date(now.getTime() - GONE_FOR_GOOD_MS) } } })
  return deleted
}
