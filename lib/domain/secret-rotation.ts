import { nodeEnv } from '../env/node'
import { keyIdOf, seal, unseal } from '../store/vault'
import { sealedAccessTokens, sealedRefreshTokens, sealedRevocations } from './connection-sealing'
import { sealedExternalKeys } from './external-key-sealing'
import { sealedAnswers } from './idempotency-sealing'
import type { SealedColumn, SealedRow } from './sealed-column'
import { sealedServiceKeys } from './service-key-sealing'
import { sealedClientSecrets } from './sso-sealing'

/** Every column that holds sealed texts. */
const columns: readonly SealedColumn[] = [
  sealedExternalKeys,
  sealedAnswers,
  sealedClientSecrets,
  sealedServiceKeys,
  sealedAccessTokens,
  sealedRefreshTokens,
  sealedRevocations,
]

const PAGE_ROWS = 100
/** A row that is written in the old way between two passes is met by the next. */
const PASSES_MAX = 10

/** What a column holds. */
interface SealedCount {
  column: string
  /** Rows that open, by the key that they are sealed with. */
  rows_by_key: Record<string, number>
  /** Rows that no key of the ring opens. */
  unreadable: number
}

export interface SealingStatus {
  /** The key that seals from now on: the first of TWIG_ENCRYPTION_KEYS. */
  current_key: string
  columns: SealedCount[]
  unreadable: number
  /** Rows that an older key seals. */
  to_rotate: number
  /** Keys that no row needs any more. */
  removable_keys: string[]
}

export interface RotationReport extends SealingStatus {
  /** Rows encrypted anew by this run. */
  rotated: number
}

/** The text of a row, or null where no key of the ring opens it. */
function open({ place, envelope }: SealedRow): string | null {
  try {
    return unseal(nodeEnv().secrets.encryptionKeys, place, envelope)
  } catch {
    return null
  }
}

async function* rowsOf(column: SealedColumn): AsyncGenerator<SealedRow> {
  let last: SealedRow | null = null
  for (;;) {
    const page: SealedRow[] = await column.read(last, PAGE_ROWS)
    yield* page
    last = page.at(-1) ?? null
    if (page.length < PAGE_ROWS) return
  }
}

async function countColumn(column: SealedColumn): Promise<SealedCount> {
  const counts = new Map<string, number>()
  let unreadable = 0
  for await (const row of rowsOf(column)) {
    const keyId = open(row) === null ? null : keyIdOf(row.envelope)
    if (keyId === null) unreadable += 1
    else counts.set(keyId, (counts.get(keyId) ?? 0) + 1)
  }
  return { column: column.name, rows_by_key: Object.fromEntries(counts), unreadable }
}

/** Opens every sealed row and tells by which keys, and how many do not open. Reads all of them: for the operator. */
export async function sealingStatus(): Promise<SealingStatus> {
  const ring = nodeEnv().secrets.encryptionKeys.map(({ id }) => id)
  const [current = '', ...older] = ring
  const counts: SealedCount[] = []
  for (const column of columns) counts.push(await countColumn(column))
  const rowsOfKey = (id: string) => counts.reduce((sum, { rows_by_key }) => sum + (rows_by_key[id] ?? 0), 0)
  return {
    current_key: current,
    columns: counts,
    unreadable: counts.reduce((sum, { unreadable }) => sum + unreadable, 0),
    to_rotate: older.reduce((sum, id) => sum + rowsOfKey(id), 0),
    removable_keys: older.filter((id) => rowsOfKey(id) === 0),
  }
}

/** One walk through a column; returns rows encrypted anew, and rows that changed under its hands. */
async function rotateColumn(column: SealedColumn): Promise<{ rotated: number; missed: number }> {
  const ring = nodeEnv().secrets.encryptionKeys
  const outcome = { rotated: 0, missed: 0 }
  for await (const row of rowsOf(column)) {
    if (keyIdOf(row.envelope) === ring[0]?.id) continue
    const text = open(row)
    if (text === null) continue
    const isSwapped = await column.swap(row, seal(ring, row.place, text))
    outcome[isSwapped ? 'rotated' : 'missed'] += 1
  }
  return outcome
}

/**
 * Encrypts every sealed row anew with the first key of the ring, while Twig runs: a row is exchanged only where it is
 * still what was read, so that nothing written meanwhile is lost. How far it came stands in the rows themselves; broken
 * off, it goes on where it was. Rows that do not open are left as they are, and counted.
 */
export async function rotateSecrets(): Promise<RotationReport> {
  let rotated = 0
  for (let pass = 1; pass <= PASSES_MAX; pass++) {
    let met = 0
    for (const column of columns) {
      const outcome = await rotateColumn(column)
      rotated += outcome.rotated
      met += outcome.rotated + outcome.missed
    }
    if (met === 0) break
  }
  return { rotated, ...(await sealingStatus()) }
}

const SAMPLE_ROWS = 20

/** Opens a few rows of each column, for a start to notice that the ring is not the one that sealed them. */
export async function sampleSealing(): Promise<{ looked: number; unreadable: number }> {
  const pages = await Promise.all(columns.map((column) => column.read(null, SAMPLE_ROWS)))
  const rows = pages.flat()
  return { looked: rows.length, unreadable: rows.filter((row) => open(row) === null).length }
}
