import { newId } from '../core/ids'
import { configurationFor, PLAIN_CONFIGURATION, searchForm } from '../core/text-search'
import { Prisma } from '../generated/prisma/client'
import { bareCause } from '../store/background'
import { db, type Transaction } from '../store/db'
import { DocumentProblem } from '../store/document-problem'
import type { DocumentReader } from '../store/document-reader'
import { isBrief, type Reading, readBrief } from '../store/document-reading'
import { log } from '../store/log'
import { metrics } from '../store/metrics'
import {
  type Claim,
  claimDocument,
  failDocument,
  LEASE_MS,
  readyDocument,
  renewClaim,
} from './document-states'
import { keepWords } from './source-words'
import { inWriteQueue } from './write-queue'

/** Passages a statement: enough to be quick, few enough for its text to be a small one. */
const BATCH = 200
/** For all passages of one document. */
const WRITE_MS = 120_000

/** The clock and the reader of whoever indexes. */
export interface IndexingTools {
  reader: DocumentReader
  now?: () => Date
  /** Of larger documents none is taken, bytes. */
  sizeMax?: number
  /** Told what is claimed, and when it is no longer. */
  onClaim?: (claim: Claim | null) => void
}

/**
 * Indexes the document that has waited longest: reads it, cuts it into passages and puts them in the place of those of
 * before, all at once. False when none waits. A document that cannot be read is failed, with the reason.
 */
export async function indexNext(tools: IndexingTools): Promise<boolean> {
  const { now = () => new Date(), sizeMax = Number.MAX_SAFE_INTEGER, onClaim = () => {} } = tools
  const claim = await claimDocument(now(), Math.min(sizeMax, 2_147_483_647))
  if (!claim) return false
  const lease = new Lease(claim, now, onClaim)
  try {
    const reading = await read(claim, tools.reader)
    await writePassages(lease, reading, now())
    metrics.documentsIndexed.add('ready')
  } catch (error) {
    const last = await lease.settled()
    if (error instanceof Superseded) return true
    metrics.documentsIndexed.add(error instanceof DocumentProblem ? 'unreadable' : 'failed')
    if (error instanceof DocumentProblem) await failDocument(last, error.message)
    // Whoever takes it after the lease tries again.
    else log().warn({ documentId: claim.id, cause: bareCause(error) }, 'a document was not indexed')
  } finally {
    onClaim(null)
  }
  return true
}

/** Keeps a claim ours while its document is being read. */
class Lease {
  #claim: Claim
  readonly #timer: NodeJS.Timeout
  #renewing: Promise<void> = Promise.resolve()

  constructor(claim: Claim, now: () => Date, onClaim: (claim: Claim) => void) {
    this.#claim = claim
    onClaim(claim)
    const renew = async () => {
      const renewed = await renewClaim(this.#claim, now()).catch(() => null)
      if (!renewed) return
      this.#claim = renewed
      onClaim(renewed)
    }
    this.#timer = setInterval(() => {
      this.#renewing = renew()
    }, LEASE_MS / 3).unref()
  }

  get claim(): Claim {
    return this.#claim
  }

  /** The claim as it stands in the row; from then on it is not renewed. */
  async settled(): Promise<Claim> {
    clearInterval(this.#timer)
    await this.#renewing
    return this.#claim
  }
}

async function read({ id, mediaType }: Claim, reader: DocumentReader): Promise<Reading> {
  const original = await db().documentOriginal.findUnique({ where: { documentId: id } })
  if (!original) throw new DocumentProblem('its original is gone')
  const document = { bytes: original.bytes, mediaType }
  return isBrief(document) ? readBrief(document) : reader.read(document)
}

/** The document was deleted, or is to be read once more: what was read of it is of no use. */
class Superseded extends Error {}

/**
 * Replaces the passages of a document and says that it is ready. The source is locked first, as its deletion does; the
 * document last, so that nobody who changes it meanwhile has to wait.
 */
async function writePassages(lease: Lease, reading: Reading, now: Date): Promise<void> {
  const { passages, pageCount } = reading
  const { id, dataSourceId, title } = lease.claim
  const size = passages.reduce((sum, passage) => sum + passage.length, 0)
  const write = async (tx: Transaction) => {
    await tx.$queryRaw`select 1 from data_sources where id = ${dataSourceId} for key share`
    const language = await configurationOf(tx, reading.language)
    await tx.chunk.deleteMany({ where: { documentId: id } })
    for (let start = 0; start < passages.length; start += BATCH) {
      await insert(tx, lease.claim, language, start, passages.slice(start, start + BATCH))
    }
    await keepWords(tx, dataSourceId, [title, ...passages])
    const isOurs = await readyDocument(tx, await lease.settled(), { language, pageCount })
    if (!isOurs) throw new Superseded()
    await tx.$executeRaw`
      update data_sources set last_sync_at = ${now}
      where id = ${dataSourceId} and (last_sync_at is null or last_sync_at < ${now})`
  }
  await inWriteQueue(size, () => db().$transaction(write, { timeout: WRITE_MS }))
}

/** The configuration of text search for a language, if this Postgres has it. */
async function configurationOf(tx: Transaction, language: string): Promise<string> {
  const wanted = configurationFor(language)
  const [row] = await tx.$queryRaw<Array<{ cfgname: string }>>`
    select cfgname::text from pg_ts_config where cfgname = ${wanted}`
  return row?.cfgname ?? PLAIN_CONFIGURATION
}

/** The title counts as a word of each passage, a heavier one. */
async function insert(
  tx: Transaction,
  { id, organizationId, dataSourceId, title }: Claim,
  language: string,
  start: number,
  passages: readonly string[],
): Promise<void> {
  const heading = searchForm(title)
  const rows = passages.map((text, index) => {
    const vector = Prisma.sql`setweight(to_tsvector(${language}::regconfig, ${heading}), 'B') || to_tsvector(${language}::regconfig, ${searchForm(text)})`
    return Prisma.sql`(${newId('chunk')}, ${organizationId}, ${dataSourceId}, ${id}, ${start + index}, ${text}, ${language}, ${vector})`
  })
  await tx.$executeRaw`
    insert into chunks (id, organization_id, data_source_id, document_id, ordinal, text, language, search_vector)
    values ${Prisma.join(rows)}`
}
