import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'

/** Tables whose rows name an organization and stay when it goes, each with an index that begins with it. */
type Table = 'interactions' | 'usage_addresses'

/** Organizations that a table names and that are no more. Looks at one row each, however many there are. */
export async function goneOrganizations(name: Table): Promise<string[]> {
  const table = Prisma.raw(name)
  const rows = await db().$queryRaw<Array<{ id: string }>>`
    WITH RECURSIVE ids AS (
      (SELECT min(organization_id) AS id FROM ${table})
      UNION ALL
      SELECT (SELECT min(organization_id) FROM ${table} WHERE organization_id > ids.id)
      FROM ids WHERE ids.id IS NOT NULL
    )
    SELECT id FROM ids
    WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM organizations WHERE organizations.id = ids.id)`
  return rows.map(({ id }) => id)
}
