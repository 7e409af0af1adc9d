import { type ChainBounds, GENESIS, type SignedHead, signedText } from '../core/audit-chain'
import { AUDIT_CSV_HEADER, auditCsvLines } from '../core/audit-csv'
import type { AuditFilter, AuditSearch, auditFormats } from '../core/audit-schemas'
import { canonicalJson, type Json } from '../core/canonical-json'
import { TwigError } from '../core/errors'
import { type Principal, requirePermission } from '../core/principal'
import type { TextFile } from '../core/text-file'
import type { AuditLog as Row } from '../generated/prisma/client'
import { db } from '../store/db'
import { signingKey } from '../store/signing-key'
import { filterOf, listAuditLogs, toAuditLog } from './audit-log'

const PAGE_ROWS = 500
const CSV_PAGE = 200

/** What the database says of an organization's log as a whole. */
export interface StoredChain extends ChainBounds {
  /** Whether there is a last row at all: from the moment that an organization is there, its log has one. */
  hasHead: boolean
  /** Whether the organization is there. */
  isThere: boolean
  /** The last row that was removed as that of an organization that is deleted. */
  deletedThrough: number | null
}

interface ChainEnds {
  isThere: boolean
  headSeq: number | null
  headHash: string | null
  throughSeq: number | null
  throughHash: string | null
  deletedThrough: number | null
}

/** Where an organization's log begins and ends, in one statement: in between rows may be removed. */
export async function chainBounds(organizationId: string): Promise<StoredChain> {
  const [ends] = await db().$queryRaw<[ChainEnds]>`
    SELECT organizations.id IS NOT NULL AS "isThere", head.seq AS "headSeq", head.hash AS "headHash",
      trimmed.through_seq AS "throughSeq", trimmed.through_hash AS "throughHash",
      deleted.through_seq AS "deletedThrough"
    FROM (SELECT ${organizationId}::text AS id) AS asked
    LEFT JOIN organizations USING (id)
    LEFT JOIN audit_heads AS head ON head.organization_id = asked.id
    LEFT JOIN LATERAL (
      SELECT through_seq, through_hash FROM audit_removals
      WHERE organization_id = asked.id AND reason = 'retention' ORDER BY id DESC LIMIT 1
    ) AS trimmed ON true
    LEFT JOIN LATERAL (
      SELECT through_seq FROM audit_removals
      WHERE organization_id = asked.id AND reason = 'organization_deleted' ORDER BY id DESC LIMIT 1
    ) AS deleted ON true`
  const [previousHash, firstSeq] = [ends.throughHash ?? GENESIS, (ends.throughSeq ?? 0) + 1]
  return {
    organizationId,
    firstSeq,
    lastSeq: ends.headSeq ?? firstSeq - 1,
    previousHash,
    lastHash: ends.headHash ?? previousHash,
    hasHead: ends.headSeq !== null,
    isThere: ends.isThere,
    deletedThrough: ends.deletedThrough,
  }
}

/** Rows from one place to another in the order of the chain, a few hundred at a time. */
export async function* chainedRows({
  organizationId,
  firstSeq,
  lastSeq,
}: ChainBounds): AsyncGenerator<Row[]> {
  let from = firstSeq
  for (;;) {
    const rows = await db().auditLog.findMany({
      where: { organizationId, seq: { gte: from, lte: lastSeq } },
      orderBy: { seq: 'asc' },
      take: PAGE_ROWS,
    })
    const last = rows.at(-1)?.seq
    if (typeof last !== 'number') return
    yield rows
    if (rows.length < PAGE_ROWS) return
    from = last + 1
  }
}

/** A row as the chain's hash is made over it, and as exports hold it. */
export function toChainedRow(row: Row) {
  return { ...toAuditLog(row), organization_id: row.organizationId }
}

async function signHead(bounds: ChainBounds, now: Date): Promise<SignedHead> {
  const key = await signingKey()
  const head: Omit<SignedHead, 'signature'> = {
    type: 'audit_log.head',
    version: 1,
    organization_id: bounds.organizationId,
    count: bounds.lastSeq - bounds.firstSeq + 1,
    first_seq: bounds.firstSeq,
    last_seq: bounds.lastSeq,
    previous_hash: bounds.previousHash,
    last_hash: bounds.lastHash,
    time: now.toISOString(),
    key_id: key.id,
    public_key: key.publicKey,
  }
  return { ...head, signature: key.sign(signedText(head)) }
}

/** The whole log in lines of canonical JSON, the oldest row first, and the signed head at its end. */
async function* jsonLines(organizationId: string, now: Date): AsyncGenerator<string> {
  const bounds = await chainBounds(organizationId)
  for await (const rows of chainedRows(bounds))
    yield rows.map((row) => `${canonicalJson(toChainedRow(row) as Json)}\n`).join('')
  const { firstSeq } = await chainBounds(organizationId)
  if (firstSeq !== bounds.firstSeq)
    throw new TwigError('temporarily_unavailable', 'Rows past their time were removed meanwhile. Try again.')
  yield `${canonicalJson((await signHead(bounds, now)) as Json)}\n`
}

async function* csvLines(principal: Principal, filter: AuditFilter): AsyncGenerator<string> {
  yield AUDIT_CSV_HEADER
  let cursor: string | undefined
  do {
    const page = await listAuditLogs(principal, { ...filter, limit: CSV_PAGE, cursor })
    yield auditCsvLines(page.data)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}

/**
 * The audit log as a file. `jsonl` is all of it, signed; `csv` is what the filter leaves, the latest first. Throws
 * invalid_request for a filter of the former, and conflict for a Test key, which may not see all.
 */
export async function exportAuditLogs(
  principal: Principal,
  { format, ...filter }: AuditFilter & { format: (typeof auditFormats)[number] },
  now: Date = new Date(),
): Promise<TextFile> {
  requirePermission(principal, 'audit:read')
  const name = `audit-log-${now.toISOString().slice(0, 10)}.${format}`
  if (format === 'csv') return { name, type: 'text/csv', pieces: csvLines(principal, filter) }
  const given = Object.entries(filter).find(([, value]) => value !== undefined)
  if (given) {
    const fields = { [given[0]]: 'only with format=csv: a chain is verified as a whole' }
    throw new TwigError('invalid_request', 'The signed export holds the whole log; leave filters out.', {
      details: { fields },
    })
  }
  if (principal.kind === 'key' && principal.environment === 'test') {
    throw new TwigError(
      'conflict',
      'The whole log holds Live as well; a Live key or an admin can export it. A Test key gets CSV.',
    )
  }
  return { name, type: 'application/jsonl', pieces: jsonLines(principal.organizationId, now) }
}

/** What the console's page shows, as CSV. */
export function exportFoundAsCsv(principal: Principal, search: AuditSearch): Promise<TextFile> {
  return exportAuditLogs(principal, { ...filterOf(search), format: 'csv' })
}

/** The whole log, signed. */
export function exportWhole(principal: Principal): Promise<TextFile> {
  return exportAuditLogs(principal, { format: 'jsonl' })
}
