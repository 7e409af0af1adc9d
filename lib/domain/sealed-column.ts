import type { SealedPlace } from '../store/vault'

/** A sealed text where it stands. */
export interface SealedRow {
  place: SealedPlace
  envelope: string
}

/** A column that holds sealed texts, as far as encrypting them anew goes. The noun that owns the table describes it. */
export interface SealedColumn {
  /** `table.column`. */
  name: string
  /** Up to `limit` rows that come after another, in one order that changes nothing. */
  read: (after: SealedRow | null, limit: number) => Promise<SealedRow[]>
  /** Puts another text in the place of the one that was read; false where that is no longer there. */
  swap: (row: SealedRow, envelope: string) => Promise<boolean>
}

/** The condition for rows after one, in order of organization and id. */
export function afterRow(after: SealedRow | null, id: 'id' | 'key') {
  if (!after) return {}
  const { organizationId, row } = after.place
  return { OR: [{ organizationId: { gt: organizationId } }, { organizationId, [id]: { gt: row } }] }
}
