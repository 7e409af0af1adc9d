import {
  ChainedRow,
  type ChainFault,
  type ChainWalk,
  ChainWalker,
  faultsAtEnds,
  SignedHead,
  signedText,
} from '../core/audit-chain'
import { canonicalJson, type Json } from '../core/canonical-json'
import { TwigError } from '../core/errors'
import { db } from '../store/db'
import { sha256 } from '../store/hmac'
import { isSignedBy, listSigningKeys, signingKeyId } from '../store/signing-key'
import { chainBounds, chainedRows, type StoredChain, toChainedRow } from './audit-export'

const COMPARED_AT_ONCE = 500
const FAULTS_MAX = 50

/** What verifying came to. */
export interface AuditVerdict {
  organization_id: string | null
  valid: boolean
  rows: number
  first_seq: number | null
  last_seq: number | null
  last_hash: string | null
  /** Of an export: when and with which key its head was signed. */
  signed_at: string | null
  key_id: string | null
  faults: ChainFault[]
}

/** Rows after the one that the head names; in one statement, as others may be added meanwhile. */
async function rowsBehindHead(organizationId: string): Promise<ChainFault[]> {
  const rows = await db().$queryRaw<Array<{ seq: number }>>`
    SELECT audit_logs.seq FROM audit_logs JOIN audit_heads USING (organization_id)
    WHERE organization_id = ${organizationId} AND audit_logs.seq > audit_heads.seq ORDER BY 1 LIMIT ${FAULTS_MAX}`
  return rows.map(({ seq }) => {
    return { kind: 'edited', seq, line: null, message: `Row ${seq} was put in after the end.` }
  })
}

/** What may not be said of the log of an organization that is there: that it went with it, or that it has no end. */
function faultsOfWhole({ hasHead, deletedThrough }: StoredChain): ChainFault[] {
  const cut = (message: string): ChainFault[] => [{ kind: 'cut', seq: 1, line: null, message }]
  if (deletedThrough !== null)
    return cut(`Rows up to ${deletedThrough} were removed as of a deleted organization, which is there.`)
  return hasHead ? [] : cut('All of the log is missing: it was removed with its head.')
}

/**
 * Walks through an organization's log in the database, from the very first row that there is; the operator's alone.
 * Throws not_found where there is no such organization any more.
 */
export async function verifyAuditLog(organizationId: string): Promise<AuditVerdict> {
  const bounds = await chainBounds(organizationId)
  if (!bounds.isThere) throw new TwigError('not_found', 'There is no such organization.')
  const walker = new ChainWalker(sha256)
  for await (const rows of chainedRows({ ...bounds, firstSeq: 1 }))
    for (const row of rows) walker.take(ChainedRow.parse(toChainedRow(row)))
  const { firstSeq, isThere } = await chainBounds(organizationId)
  // Rows past their time were removed meanwhile, or all with their organization.
  if (!isThere || firstSeq !== bounds.firstSeq) return verifyAuditLog(organizationId)
  const walk = walker.end()
  const faults = [
    ...faultsOfWhole(bounds),
    ...walk.faults,
    ...faultsAtEnds(walk, bounds),
    ...(await rowsBehindHead(organizationId)),
  ]
  return verdictOf(organizationId, walk, null, faults)
}

function verdictOf(
  organizationId: string | null,
  { count, first, last }: ChainWalk,
  head: SignedHead | null,
  faults: ChainFault[],
): AuditVerdict {
  return {
    organization_id: organizationId,
    valid: faults.length === 0,
    rows: count,
    first_seq: first?.seq ?? null,
    last_seq: last?.seq ?? null,
    last_hash: last?.hash ?? null,
    signed_at: head?.time ?? null,
    key_id: head?.key_id ?? null,
    faults,
  }
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

type Line =
  | { kind: 'row'; row: ChainedRow; isExact: boolean }
  | { kind: 'head'; head: SignedHead }
  | { kind: 'unreadable' }

/** A line counts only in the very form in which it is written: a member that stands there twice has two readings. */
function readLine(text: string): Line {
  const value = parseLine(text)
  const row = ChainedRow.safeParse(value)
  const isExact = value !== null && canonicalJson(value as Json) === text
  if (row.success) return { kind: 'row', row: row.data, isExact }
  const head = isExact ? SignedHead.safeParse(value) : null
  return head?.success ? { kind: 'head', head: head.data } : { kind: 'unreadable' }
}

interface PlacedRow {
  row: ChainedRow
  line: number
}

/** Rows of a file that the database has otherwise, or not at all; those that retention removed are past comparing. */
async function differences(organizationId: string, placed: readonly PlacedRow[]): Promise<ChainFault[]> {
  const { firstSeq } = await chainBounds(organizationId)
  const compared = placed.filter(({ row }) => row.organization_id === organizationId && row.seq >= firstSeq)
  const rows = await db().auditLog.findMany({
    where: { organizationId, seq: { in: compared.map(({ row }) => row.seq) } },
    select: { seq: true, hash: true },
  })
  const hashes = new Map(rows.map(({ seq, hash }) => [seq, hash]))
  return compared.flatMap(({ row: { seq, hash }, line }): ChainFault[] => {
    const there = hashes.get(seq)
    if (there === hash) return []
    const what = there === undefined ? 'is not in the database' : 'is another in the database'
    return [{ kind: 'edited', seq, line, message: `Row ${seq} ${what}.` }]
  })
}

/** What is wrong with the signature of a head, judged by keys that are trusted. */
function faultOfHead(head: SignedHead, trusted: readonly string[], line: number): ChainFault[] {
  const fault = (message: string): ChainFault[] => [{ kind: 'head', seq: null, line, message }]
  if (signingKeyId(head.public_key) !== head.key_id || !trusted.includes(head.public_key))
    return fault(
      `The head is signed with a key that is not trusted (${head.key_id}): its rows prove nothing.`,
    )
  if (!isSignedBy(head.public_key, signedText(head), head.signature))
    return fault('The head was edited: its signature does not fit what it says.')
  return []
}

interface ExportSource {
  lines: AsyncIterable<string>
  /** The organization that it must be of. */
  organizationId?: string | undefined
  /** The one key that is believed; otherwise those of this Twig, whose database is compared with as well. */
  publicKey?: string | undefined
}

/** Verifies an export line by line: each row, the order, both ends, the signature, and that the database still says so. */
export async function verifyAuditExport({
  lines,
  organizationId,
  publicKey,
}: ExportSource): Promise<AuditVerdict> {
  const walker = new ChainWalker(sha256)
  const differing: ChainFault[] = []
  const behind: ChainFault[] = []
  let placed: PlacedRow[] = []
  let head: { head: SignedHead; line: number } | null = null
  const isHere = publicKey === undefined
  const compare = async () => {
    const [first] = placed
    if (isHere && first && differing.length < FAULTS_MAX)
      differing.push(...(await differences(first.row.organization_id, placed)))
    placed = []
  }
  let number = 0
  for await (const text of lines) {
    number += 1
    if (head) {
      behind.push({ kind: 'head', seq: null, line: number, message: `Line ${number} stands after the head.` })
      break
    }
    const line = readLine(text)
    if (line.kind === 'head') head = { head: line.head, line: number }
    else if (line.kind === 'unreadable') walker.unreadable(number)
    else {
      walker.take(line.row, number, line.isExact)
      placed.push({ row: line.row, line: number })
      if (placed.length === COMPARED_AT_ONCE) await compare()
    }
  }
  await compare()
  const walk = walker.end()
  const trusted =
    publicKey === undefined ? (await listSigningKeys()).map((key) => key.publicKey) : [publicKey]
  const faults = [...walk.faults, ...behind]
  const own = head?.head.organization_id ?? walk.organizationId
  if (head)
    faults.push(...faultsAtEnds(walk, boundsOf(head.head)), ...faultOfHead(head.head, trusted, head.line))
  else faults.push(headless(walk.last?.seq ?? 0, number))
  if (organizationId !== undefined && own !== organizationId)
    faults.push({ kind: 'foreign', seq: null, line: null, message: `This is the log of ${own}.` })
  const named = new Set(faults.map(({ seq }) => seq))
  faults.push(...differing.filter(({ seq }) => !named.has(seq)).slice(0, FAULTS_MAX))
  return verdictOf(own, walk, head?.head ?? null, faults)
}

function headless(lastSeq: number, line: number): ChainFault {
  const after = lastSeq === 0 ? '' : ` after row ${lastSeq}`
  const message = `The signed head is missing: the end was cut off${after}.`
  return { kind: 'cut', seq: lastSeq + 1, line, message }
}

function boundsOf(head: SignedHead) {
  return {
    organizationId: head.organization_id,
    firstSeq: head.first_seq,
    lastSeq: head.last_seq,
    previousHash: head.previous_hash,
    lastHash: head.last_hash,
  }
}
