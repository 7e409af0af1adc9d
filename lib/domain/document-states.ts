import type { DocumentStatus, DocumentType } from '../core/data-schemas'
import type { Prisma } from '../generated/prisma/client'
import { db, type Transaction } from '../store/db'

/** How many failed documents a source names. */
const NAMED_MAX = 3
/** A process that dies while it reads is missed after so long. */
export const LEASE_MS = 30_000
/** After so many processes have died of it, it is the document's fault. */
const ATTEMPTS_MAX = 3

/** How far the documents of a source are. */
export interface DocumentTally {
  count: number
  /** Waiting or being read. */
  pending: number
  failed: number
  /** Some of those that failed. */
  failures: ReadonlyArray<{ title: string; detail: string }>
}

export const NO_DOCUMENTS: DocumentTally = { count: 0, pending: 0, failed: 0, failures: [] }

/** Counts the documents of sources, by the source's id; a source without documents is absent. */
export async function tallyDocuments(dataSourceIds: readonly string[]): Promise<Map<string, DocumentTally>> {
  const groups = await db().document.groupBy({
    by: ['dataSourceId', 'status'],
    where: { dataSourceId: { in: [...dataSourceIds] } },
    _count: { _all: true },
  })
  const tallies = new Map<string, DocumentTally>()
  for (const { dataSourceId: id, status, _count } of groups) {
    const { count, pending, failed, failures } = tallies.get(id) ?? NO_DOCUMENTS
    const more = _count._all
    tallies.set(id, {
      count: count + more,
      pending: pending + (status === 'waiting' || status === 'indexing' ? more : 0),
      failed: failed + (status === 'failed' ? more : 0),
      failures,
    })
  }
  for (const [id, tally] of tallies) {
    if (tally.failed > 0) tallies.set(id, { ...tally, failures: await failuresOf(id) })
  }
  return tallies
}

async function failuresOf(dataSourceId: string): Promise<DocumentTally['failures']> {
  const rows = await db().document.findMany({
    where: { dataSourceId, status: 'failed' satisfies DocumentStatus },
    select: { title: true, statusDetail: true },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: NAMED_MAX,
  })
  return rows.map(({ title, statusDetail }) => ({ title, detail: statusDetail ?? 'it failed' }))
}

/** Deletes all documents of a source, with what they gave; for use inside its deletion. */
export async function dropDocuments(
  tx: Transaction,
  { organizationId, dataSourceId }: { organizationId: string; dataSourceId: string },
): Promise<void> {
  await tx.document.deleteMany({ where: { organizationId, dataSourceId } })
}

/** Lets documents be read again: all of a source that have something to read, or one of them. Returns how many. */
export async function waitAgain(tx: Transaction, dataSourceId: string, id?: string): Promise<number> {
  const { count } = await tx.document.updateMany({
    where: { dataSourceId, original: { isNot: null }, ...(id !== undefined && { id }) },
    data: {
      status: 'waiting' satisfies DocumentStatus,
      statusDetail: null,
      claimedUntil: null,
      attempts: 0,
    },
  })
  return count
}

/** A document that this process may read until its lease ends. */
export interface Claim {
  id: string
  organizationId: string
  dataSourceId: string
  title: string
  mediaType: DocumentType
  size: number
  /** Also what proves that the claim is still this one. */
  claimedUntil: Date
}

interface ClaimedRow extends Claim {
  attempts: number
}

/**
 * Takes the document that has waited longest, or one whose process has died. Several processes never take the same.
 * What people added comes before what syncs bring by the thousand. One that has been taken in vain too often is failed on
 * the way.
 * @param sizeMax bytes; of those that are larger none
 */
export async function claimDocument(now: Date, sizeMax: number): Promise<Claim | null> {
  for (;;) {
    const until = new Date(now.getTime() + LEASE_MS)
    const [row] = await db().$queryRaw<ClaimedRow[]>`
      update documents set status = 'indexing', claimed_until = ${until}, attempts = attempts + 1
      where id = (
        select id from documents
        where (status = 'waiting' or (status = 'indexing' and claimed_until < ${now})) and size <= ${sizeMax}
        order by remote_id is not null, created_at, id limit 1 for update skip locked
      )
      returning id, organization_id as "organizationId", data_source_id as "dataSourceId", title,
        media_type as "mediaType", size, claimed_until as "claimedUntil", attempts`
    if (!row) return null
    const { attempts, ...claim } = row
    if (attempts <= ATTEMPTS_MAX) return claim
    await failDocument(claim, `reading it was broken off ${ATTEMPTS_MAX} times`)
  }
}

/** How many documents of the whole installation are not indexed yet. */
export function countUnindexed(): Promise<number> {
  return db().document.count({
    where: { status: { in: ['waiting', 'indexing'] satisfies DocumentStatus[] } },
  })
}

/** What must hold for a claim to be still ours. */
const held = ({ id, claimedUntil }: Claim) => ({
  id,
  claimedUntil,
  status: 'indexing' satisfies DocumentStatus,
})

/** Moves the end of a claim; null when it is no longer ours. */
export async function renewClaim(claim: Claim, now: Date): Promise<Claim | null> {
  const claimedUntil = new Date(now.getTime() + LEASE_MS)
  const { count } = await db().document.updateMany({ where: held(claim), data: { claimedUntil } })
  return count === 1 ? { ...claim, claimedUntil } : null
}

/** Gives a claim back, as if it had not been taken: this process is ending. */
export async function releaseClaim(claim: Claim): Promise<void> {
  await db().document.updateMany({
    where: held(claim),
    data: { status: 'waiting' satisfies DocumentStatus, claimedUntil: null, attempts: { decrement: 1 } },
  })
}

/** Ends a claim with the reason why the document cannot be used; what it gave before stays in use. */
export async function failDocument(claim: Claim, statusDetail: string): Promise<void> {
  await db().document.updateMany({
    where: held(claim),
    data: { status: 'failed' satisfies DocumentStatus, statusDetail, claimedUntil: null, attempts: 0 },
  })
}

/** Ends a claim with success, in the transaction that writes the passages. False when the claim is no longer ours. */
export async function readyDocument(
  tx: Transaction,
  claim: Claim,
  found: Pick<Prisma.DocumentUncheckedUpdateManyInput, 'language' | 'pageCount'>,
): Promise<boolean> {
  const { count } = await tx.document.updateMany({
    where: held(claim),
    data: {
      ...found,
      status: 'ready' satisfies DocumentStatus,
      statusDetail: null,
      claimedUntil: null,
      attempts: 0,
    },
  })
  return count === 1
}
