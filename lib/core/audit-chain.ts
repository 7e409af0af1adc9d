import { z } from 'zod'
import { canonicalJson, type Json } from './canonical-json'
import { Id } from './schemas'

/** SHA-256 of a text as UTF-8, in hex. */
type Sha256 = (text: string) => string

const Hash = z.string().regex(/^[0-9a-f]{64}$/)
const JsonValue = z.json()
const Text = z.string()

/** One line of an export: a row of the log, with the hash of the row before it and its own. */
export const ChainedRow = z.strictObject({
  action: Text,
  actor_id: Text.nullable(),
  actor_kind: Text,
  after: JsonValue,
  before: JsonValue,
  client_ip: Text.nullable(),
  hash: Hash,
  id: Text,
  organization_id: Text,
  previous_hash: Hash,
  request_id: Text.nullable(),
  seq: z.number().int().min(1),
  target_id: Text.nullable(),
  time: Text,
})
export type ChainedRow = z.infer<typeof ChainedRow>

/** The last line of an export, signed: how many rows stand before it, from which to which. */
export const SignedHead = z.strictObject({
  type: z.literal('audit_log.head'),
  version: z.literal(1),
  organization_id: Id,
  /** Of an empty log 0, and then `first_seq` is one more than `last_seq`. */
  count: z.number().int().min(0),
  first_seq: z.number().int().min(1),
  last_seq: z.number().int().min(0),
  /** What the first row goes on from: zeros, or the hash of the last row that was removed. */
  previous_hash: Hash,
  last_hash: Hash,
  time: Text,
  key_id: Text,
  /** Ed25519, base64 of the DER (SubjectPublicKeyInfo). */
  public_key: Text,
  /** Ed25519 over the canonical JSON of all other members, base64. */
  signature: Text,
})
export type SignedHead = z.infer<typeof SignedHead>

/** What the first row of a log that nothing was removed from goes on from. */
export const GENESIS = '0'.repeat(64)

/** The hash that belongs to a row. */
export function hashOf(row: Omit<ChainedRow, 'hash'>, sha256: Sha256): string {
  return sha256(canonicalJson(row as Json))
}

/** What a head's signature is made over. */
export function signedText({
  signature: _,
  ...head
}: Omit<SignedHead, 'signature'> & { signature?: string }): string {
  return canonicalJson(head as Json)
}

/** What is wrong with a log, and where. */
export interface ChainFault {
  kind: 'edited' | 'missing' | 'reordered' | 'repeated' | 'foreign' | 'unreadable' | 'cut' | 'head'
  /** The row, by its place in the chain; null where it has none any more. */
  seq: number | null
  /** The line of the file, where there is one. */
  line: number | null
  message: string
}

const FAULTS_MAX = 50

/** What a walk through rows came to. */
export interface ChainWalk {
  faults: ChainFault[]
  count: number
  organizationId: string | null
  first: ChainedRow | null
  last: ChainedRow | null
  /** The latest removal that the log itself tells of. */
  trimmed: Trimmed | null
}

/** What a row says that was written when older ones were removed for their age. */
const Trimmed = z.object({ through_seq: z.number(), through_hash: Hash })
type Trimmed = z.infer<typeof Trimmed>

/** `Row 5 is`, `Rows 5 to 9 are`. */
function rowsAre(from: number, to: number): string {
  return from === to ? `Row ${from} is` : `Rows ${from} to ${to} are`
}

/**
 * Walks through rows in the order in which they stand, and finds those that were edited, removed, moved or put in. Of rows
 * in order it keeps none.
 */
export class ChainWalker {
  readonly #sha256: Sha256
  readonly #faults: ChainFault[] = []
  /** Hashes that the next row must name, and those that the row before must have; by the row that has them. */
  readonly #hashes = new Map<number, string>()
  readonly #wanted = new Map<number, string>()
  /** Places that were skipped, and may yet come. */
  #gaps: Array<{ from: number; to: number }> = []
  /** Lines since the last row that were none. */
  #unread: number[] = []
  #count = 0
  #more = 0
  #trimmed: Trimmed | null = null
  #first: ChainedRow | null = null
  #last: ChainedRow | null = null

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
  }

  #note(kind: ChainFault['kind'], seq: number | null, line: number | null, message: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push({ kind, seq, line, message })
    else this.#more += 1
  }

  /** A line that is no row as Twig writes them. */
  unreadable(line: number): void {
    this.#unread.push(line)
  }

  #noteUnread(seq: number | null, line: number): void {
    const what = seq === null ? `Line ${line}` : `Row ${seq} (line ${line})`
    this.#note('unreadable', seq, line, `${what} was edited: it is no row any more.`)
  }

  /** The next row, and the line that it stands in; `isExact` unless it is written otherwise than Twig writes it. */
  take(row: ChainedRow, line: number | null = null, isExact = true): void {
    const { seq, hash, organization_id, ...said } = row
    this.#count += 1
    if (organization_id !== (this.#first?.organization_id ?? organization_id)) {
      this.#note('foreign', seq, line, `Row ${seq} is of another organization (${organization_id}).`)
      return
    }
    const isWhole = isExact && hashOf({ seq, organization_id, ...said }, this.#sha256) === hash
    if (!isWhole)
      this.#note('edited', seq, line, `Row ${seq} was edited: its hash does not fit what it says.`)
    this.#place(row, line)
    if (!isWhole) return
    this.#link(row, line)
    if (row.action === 'audit_log.trimmed') this.#trimmed = Trimmed.safeParse(row.after).data ?? null
  }

  #place(row: ChainedRow, line: number | null): void {
    const { seq } = row
    const [first, last] = [this.#first, this.#last]
    for (const [index, unread] of this.#unread.entries()) {
      const place = (last?.seq ?? 0) + 1 + index
      this.#noteUnread(last && place < seq ? place : null, unread)
    }
    if (!first || !last) {
      this.#first = this.#last = row
    } else if (seq > last.seq) {
      const from = last.seq + 1 + this.#unread.length
      if (from < seq) this.#gaps.push({ from, to: seq - 1 })
      this.#last = row
    } else {
      const isMoved = seq < first.seq || this.#fill(seq)
      if (seq < first.seq) {
        if (seq + 1 < first.seq) this.#gaps.push({ from: seq + 1, to: first.seq - 1 })
        this.#first = row
      }
      if (isMoved)
        this.#note('reordered', seq, line, `Row ${seq} stands after row ${last.seq}: it was moved.`)
      else this.#note('repeated', seq, line, `Row ${seq} stands there twice, or was put in.`)
    }
    this.#unread = []
  }

  /** Whether the place was skipped; it is no longer then. */
  #fill(seq: number): boolean {
    const gap = this.#gaps.find(({ from, to }) => from <= seq && seq <= to)
    if (!gap) return false
    const rest = [
      { from: gap.from, to: seq - 1 },
      { from: seq + 1, to: gap.to },
    ].filter(({ from, to }) => from <= to)
    this.#gaps = this.#gaps.flatMap((each) => (each === gap ? rest : [each]))
    return true
  }

  /** Compares with both neighbours, whichever come first. */
  #link({ seq, hash, previous_hash: previous }: ChainedRow, line: number | null): void {
    const before = this.#hashes.get(seq - 1)
    if (before === undefined) this.#wanted.set(seq, previous)
    else if (before !== previous) this.#torn(seq - 1, line)
    this.#hashes.delete(seq - 1)
    const wanted = this.#wanted.get(seq + 1)
    if (wanted === undefined) this.#hashes.set(seq, hash)
    else if (wanted !== hash) this.#torn(seq, line)
    this.#wanted.delete(seq + 1)
  }

  #torn(seq: number, line: number | null): void {
    const message = `Row ${seq} was edited and given another hash: row ${seq + 1} goes on from the one it had.`
    this.#note('edited', seq, line, message)
  }

  /** What was found, all rows being taken. */
  end(): ChainWalk {
    for (const line of this.#unread) this.#noteUnread(null, line)
    for (const { from, to } of this.#gaps)
      this.#note('missing', from, null, `${rowsAre(from, to)} missing: removed.`)
    if (this.#more > 0)
      this.#faults.push({ kind: 'edited', seq: null, line: null, message: `And ${this.#more} more faults.` })
    const [first, last] = [this.#first, this.#last]
    const organizationId = first?.organization_id ?? null
    return { faults: this.#faults, count: this.#count, organizationId, first, last, trimmed: this.#trimmed }
  }
}

/** What a log must be, as its head says, be that in the database or signed at the end of an export. */
export interface ChainBounds {
  organizationId: string
  firstSeq: number
  lastSeq: number
  previousHash: string
  lastHash: string
}

/** What is missing at either end of a walk, or was rewritten as a whole, hashes and all. */
export function faultsAtEnds(walk: ChainWalk, bounds: ChainBounds): ChainFault[] {
  const { first, last, organizationId, trimmed } = walk
  const { firstSeq, lastSeq, previousHash, lastHash } = bounds
  const fault = (kind: ChainFault['kind'], seq: number | null, message: string): ChainFault => {
    return { kind, seq, line: null, message }
  }
  if (organizationId !== null && organizationId !== bounds.organizationId)
    return [
      fault('foreign', null, `The rows are of ${organizationId}, the head of ${bounds.organizationId}.`),
    ]
  if (!first || !last) {
    if (lastSeq >= firstSeq)
      return [fault('cut', firstSeq, `${rowsAre(firstSeq, lastSeq)} missing: all of the log was cut off.`)]
    if (firstSeq === 1) return []
    return [fault('cut', 1, `${rowsAre(1, lastSeq)} missing, and no row tells of their removal.`)]
  }
  const faults: ChainFault[] = []
  if (first.seq > firstSeq)
    faults.push(
      fault('cut', firstSeq, `${rowsAre(firstSeq, first.seq - 1)} missing: the beginning was cut off.`),
    )
  else if (first.seq < firstSeq)
    faults.push(fault('edited', first.seq, `${rowsAre(first.seq, firstSeq - 1)} from before the log begins.`))
  else if (first.previous_hash !== previousHash)
    faults.push(fault('edited', firstSeq, `Row ${firstSeq} does not go on from where the log begins.`))
  else if (firstSeq > 1 && (trimmed?.through_seq !== firstSeq - 1 || trimmed.through_hash !== previousHash))
    faults.push(fault('cut', 1, `${rowsAre(1, firstSeq - 1)} missing, and no row tells of their removal.`))
  if (last.seq < lastSeq)
    faults.push(fault('cut', last.seq + 1, `${rowsAre(last.seq + 1, lastSeq)} missing: the end was cut off.`))
  else if (last.seq > lastSeq)
    faults.push(fault('edited', lastSeq + 1, `${rowsAre(lastSeq + 1, last.seq)} put in after the end.`))
  else if (last.hash !== lastHash)
    faults.push(fault('edited', lastSeq, `Row ${lastSeq} is not the one that the head names.`))
  return faults
}
