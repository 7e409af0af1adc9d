import { db } from '../store/db'
import { placeOfServiceKey } from '../store/saml-key'
import type { SealedColumn } from './sealed-column'

/** Private keys of this Twig itself. They belong to no organization. */
export const sealedServiceKeys: SealedColumn = {
  name: 'service_keys.sealed_key',
  read: async (after, limit) => {
    const where = { id: { gt: after?.place.row ?? '' } }
    const select = { id: true, sealedKey: true }
    const rows = await db().serviceKey.findMany({ where, select, orderBy: { id: 'asc' }, take: limit })
    return rows.map(({ id, sealedKey }) => ({ place: placeOfServiceKey(id), envelope: sealedKey }))
  },
  swap: async ({ place: { row: id }, envelope: sealedKey }, next) => {
    const where = { id, sealedKey }
    return (await db().serviceKey.updateMany({ where, data: { sealedKey: next } })).count === 1
  },
}
