import { db } from '../store/db'
import { placeOfExternalKey } from './external-keys'
import { afterRow, type SealedColumn } from './sealed-column'

/** Keys of model providers. */
export const sealedExternalKeys: SealedColumn = {
  name: 'external_keys.sealed_key',
  read: async (after, limit) => {
    const rows = await db().externalKey.findMany({
      where: afterRow(after, 'id'),
      select: { organizationId: true, id: true, sealedKey: true },
      orderBy: [{ organizationId: 'asc' }, { id: 'asc' }],
      take: limit,
    })
    return rows.map(({ organizationId, id, sealedKey }) => {
      return { place: placeOfExternalKey(organizationId, id), envelope: sealedKey }
    })
  },
  swap: async ({ place: { organizationId, row: id }, envelope: sealedKey }, next) => {
    const where = { organizationId, id, sealedKey }
    return (await db().externalKey.updateMany({ where, data: { sealedKey: next } })).count === 1
  },
}
