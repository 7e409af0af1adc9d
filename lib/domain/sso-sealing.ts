import { db } from '../store/db'
import { afterRow, type SealedColumn } from './sealed-column'
import { placeOfClientSecret } from './sso-connections'

/** Client secrets of OpenID Connect connections. */
export const sealedClientSecrets: SealedColumn = {
  name: 'sso_connections.sealed_client_secret',
  read: async (after, limit) => {
    const rows = await db().ssoConnection.findMany({
      where: { ...afterRow(after, 'id'), sealedClientSecret: { not: null } },
      select: { organizationId: true, id: true, sealedClientSecret: true },
      orderBy: [{ organizationId: 'asc' }, { id: 'asc' }],
      take: limit,
    })
    return rows.map(({ organizationId, id, sealedClientSecret }) => {
      return { place: placeOfClientSecret(organizationId, id), envelope: sealedClientSecret ?? '' }
    })
  },
  swap: async ({ place: { organizationId, row: id }, envelope: sealedClientSecret }, next) => {
    const where = { organizationId, id, sealedClientSecret }
    return (await db().ssoConnection.updateMany({ where, data: { sealedClientSecret: next } })).count === 1
  },
}
