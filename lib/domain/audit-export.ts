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

/** Where an organization's log begins and ends, as the database says. */
export async function chainBounds(organizationId: string): Promise<ChainBounds> {
  const [head, removal] = await Promise.all([
    db().auditHead.findUnique({ where: { organizationId } }),
    db().auditRemoval.findFirst({ where: { organizationId, reason: 'retention' }, orderBy: { id: 'desc' } }),
  ])
  const [previousHash, firstSeq] = [removal?.throughHash ?? GENESIS, (removal?.throughSeq ?? 0) + 1]
  return {
    organizationId,
    firstSeq,
    lastSeq: head?.seq ?? firstSeq - 1,
    previousHash,
    lastHash: head?.hash ?? previousHash,
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
