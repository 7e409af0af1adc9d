import { z } from 'zod'
import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { afterRow, type SealedColumn } from './sealed-column'

/** What the column holds beside the sealed text stays as it is. */
const Kept = z.looseObject({ sealed: z.string() })

/** Answers that are kept for their Idempotency-Key. Those without a sealed text count as unreadable. */
export const sealedAnswers: SealedColumn = {
  name: 'idempotency_records.body',
  read: async (after, limit) => {
    const rows = await db().idempotencyRecord.findMany({
      where: { body: { not: Prisma.DbNull }, ...afterRow(after, 'key') },
      select: { organizationId: true, key: true, body: true },
      orderBy: [{ organizationId: 'asc' }, { key: 'asc' }],
      take: limit,
    })
    return rows.map(({ organizationId, key, body }) => {
      const place = { organizationId, table: 'idempotency_records', row: key, column: 'body' }
      return { place, envelope: Kept.safeParse(body).data?.sealed ?? '' }
    })
  },
  swap: async ({ place: { organizationId, row: key }, envelope }, next) => {
    const found = await db().idempotencyRecord.findUnique({
      where: { organizationId_key: { organizationId, key } },
      select: { body: true },
    })
    const kept = Kept.safeParse(found?.body).data
    if (kept?.sealed !== envelope) return false
    const where = { organizationId, key, body: { equals: kept as Prisma.InputJsonObject } }
    const body = { ...kept, sealed: next } as Prisma.InputJsonObject
    return (await db().idempotencyRecord.updateMany({ where, data: { body } })).count === 1
  },
}
