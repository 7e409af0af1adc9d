import type { DocumentType } from '../core/data-schemas'
import { fateOf, type KnownDocument, nextSyncAt, TURN_MS, toFetch } from '../core/source-sync'
import {
  type ChangePage,
  type FetchedDocument,
  ProviderFailure,
  type RemoteDocument,
} from '../store/connectors/connector'
import { recordAudit, systemFor } from './audit'
import { noteProviderWell } from './connection-health'
import { noteSynced } from './data-sources'
import { ringIndexingBell } from './indexing-bell'
import {
  addRemoteDocuments,
  dropRemoteDocuments,
  failRemoteDocument,
  knownDocuments,
  markSeen,
  type NewDocument,
  putRemoteDocument,
  skipRemoteDocument,
  tallyPass,
  unseenDocuments,
} from './remote-documents'
import { ProviderCalls, type SyncTools } from './source-sync-calls'
import { cursorColumn, type SyncClaim, whileOurs } from './source-sync-claims'
import { inWriteQueue } from './write-queue'

/** New documents are written together, up to so many, so large, and so late. */
const HELD_MAX = 25
const HELD_BYTES_MAX = 1024 * 1024
const HELD_MS = 5_000

const NO_COUNTS = { found: 0, done: 0, failed: 0, skipped: 0, added: 0, changed: 0, deleted: 0 } as const

/** How a turn ended: the pass is through, or others are to have theirs first. */
export type TurnEnd = 'through' | 'more'

/**
 * One turn of a source: its pass goes on where it was left, a page of the listing at a time and a document at a time. The
 * cursor is kept once the page's documents are, so a turn that breaks off anywhere is repeated without harm.
 */
export class SyncTurn {
  #claim: SyncClaim
  readonly #tools: SyncTools
  readonly #calls: ProviderCalls
  /** Documents in a row that could not be fetched. */
  #failures = 0
  /** Found and not written yet: few and small enough for a kill to cost little. */
  #held: NewDocument[] = []
  #heldBytes = 0
  #heldSince = 0

  constructor(claim: SyncClaim, tools: SyncTools) {
    this.#claim = claim
    this.#tools = tools
    this.#calls = new ProviderCalls(claim, tools, (rateLimitedUntil) =>
      whileOurs(claim, async () => ({ change: { rateLimitedUntil }, result: undefined })),
    )
  }

  /** As it stands by now. */
  get claim(): SyncClaim {
    return this.#claim
  }

  /** Throws Superseded, NoToken and ProviderFailure. */
  async run(): Promise<TurnEnd> {
    const end = this.#tools.now().getTime() + TURN_MS
    if (!this.#claim.isPassing) await this.#begin(this.#claim.isPatchy)
    for (;;) {
      const page = await this.#page()
      await this.#take(page)
      if (page.isComplete) break
      if (this.#tools.now().getTime() >= end) return 'more'
    }
    return 'through'
  }

  /** Begins a pass, from the beginning where something is missing. */
  async #begin(isFromBeginning: boolean): Promise<void> {
    const pass = this.#claim.pass + 1
    const cursor = isFromBeginning ? null : this.#claim.cursor
    await whileOurs(this.#claim, async () => ({
      change: {
        ...NO_COUNTS,
        pass,
        cursor: cursorColumn(cursor),
        isPassing: true,
        isPatchy: false,
        startedAt: this.#tools.now(),
      },
      result: undefined,
    }))
    this.#claim = { ...this.#claim, pass, cursor, isPassing: true, isPatchy: false }
  }

  /** The next page; of nothing there is one, without asking anybody. */
  async #page(): Promise<ChangePage> {
    const selection = this.#claim.selection.map(({ id }) => id)
    if (selection.length === 0) {
      return { upserts: [], deletions: [], cursor: {}, isComplete: true, isFull: true }
    }
    const { cursor } = this.#claim
    const list = (from: typeof cursor) =>
      this.#calls.call((files, accessToken) =>
        files.changes(accessToken, { selection, cursor: from, now: this.#tools.now() }),
      )
    try {
      return await list(cursor)
    } catch (error) {
      const isExpired = error instanceof ProviderFailure && error.kind === 'cursor_expired'
      if (!isExpired || cursor === null) throw error
      await this.#begin(true)
      return list(null)
    }
  }

  /** Follows a page: what is new or another is fetched, what is gone is deleted, and then it counts as done. */
  async #take(page: ChangePage): Promise<void> {
    const { pass } = this.#claim
    const known = await knownDocuments(
      this.#claim,
      page.upserts.map(({ id }) => id),
    )
    const { wanted, unchanged } = toFetch(page.upserts, known, pass)
    await whileOurs(this.#claim, async (tx) => {
      await markSeen(tx, this.#claim, unchanged, pass)
      const tally = await tallyPass(tx, this.#claim, pass)
      const change = { ...tally, found: tally.done + wanted.length, phase: 'fetching' }
      return { change, result: undefined }
    })
    try {
      for (const document of wanted) await this.#follow(document, known.get(document.id))
    } finally {
      await this.#writeHeld()
    }
    const told = new Set(page.upserts.map(({ id }) => id))
    const deletions = page.deletions.filter((id) => !told.has(id))
    if (page.isComplete) {
      if (page.isFull) await this.#dropUnseen()
      await this.#finish(page, deletions)
    } else {
      await this.#keep(page, deletions)
    }
    this.#claim = { ...this.#claim, cursor: page.cursor, attempts: 0 }
    if (this.#claim.selection.length > 0) await noteProviderWell(this.#claim, this.#tools.now())
  }

  /** Keeps a new document until there are some to be written together. */
  async #hold(remote: RemoteDocument, found: NewDocument['found']): Promise<void> {
    const now = this.#tools.now().getTime()
    if (this.#held.length === 0) this.#heldSince = now
    this.#held.push({ remote, found })
    this.#heldBytes += 'bytes' in found ? found.bytes.length : 0
    const isFull = this.#held.length >= HELD_MAX || this.#heldBytes >= HELD_BYTES_MAX
    if (isFull || now - this.#heldSince >= HELD_MS) await this.#writeHeld()
  }

  async #writeHeld(): Promise<void> {
    const [held, bytes] = [this.#held, this.#heldBytes]
    this.#held = []
    this.#heldBytes = 0
    if (held.length === 0) return
    const skipped = held.filter(({ found }) => 'skipped' in found).length
    const write = () =>
      whileOurs(this.#claim, async (tx) => {
        await addRemoteDocuments(tx, this.#claim, this.#claim.pass, held)
        const count = { increment: held.length }
        return { change: { done: count, added: count, skipped: { increment: skipped } }, result: undefined }
      })
    await inWriteQueue(bytes, write)
    if (skipped < held.length) ringIndexingBell()
  }

  /** Brings one document here, or finds out why not. */
  async #follow(remote: RemoteDocument, known: KnownDocument | undefined): Promise<void> {
    const found = await this.#fetch(remote)
    if (!known && found.kind === 'content') return this.#hold(remote, found)
    if (!known && found.kind === 'skip') return this.#hold(remote, { skipped: found.why })
    const at = { remote, pass: this.#claim.pass }
    const counted = { done: { increment: 1 } }
    const changed = { ...counted, changed: { increment: 1 } }
    switch (found.kind) {
      case 'content': {
        const write = () =>
          whileOurs(this.#claim, async (tx) => {
            await putRemoteDocument(tx, this.#claim, at, found)
            return { change: changed, result: undefined }
          })
        await inWriteQueue(found.bytes.length, write)
        ringIndexingBell()
        return
      }
      case 'skip':
        return whileOurs(this.#claim, async (tx) => {
          await skipRemoteDocument(tx, this.#claim, at, found.why)
          return { change: { ...changed, skipped: { increment: 1 } }, result: undefined }
        })
      case 'fail':
        return whileOurs(this.#claim, async (tx) => {
          await failRemoteDocument(tx, this.#claim, at, found.why)
          return { change: { ...counted, failed: { increment: 1 }, isPatchy: true }, result: undefined }
        })
      case 'gone':
        return whileOurs(this.#claim, async (tx) => {
          const deleted = await dropRemoteDocuments(tx, this.#claim, [remote.id])
          return { change: { found: { decrement: 1 }, deleted: { increment: deleted } }, result: undefined }
        })
    }
  }

  async #fetch(remote: RemoteDocument): Promise<Fetched> {
    try {
      const found = await this.#calls.call((files, accessToken) => files.fetch(accessToken, remote))
      this.#failures = 0
      return 'skipped' in found ? { kind: 'skip', why: found.skipped } : { kind: 'content', ...found }
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error
      const fate = fateOf(error, this.#failures + 1)
      if (fate === 'halt') throw error
      this.#failures = fate === 'fail' ? this.#failures + 1 : 0
      if (fate === 'gone') return { kind: 'gone' }
      const why = fate === 'skip' ? 'the account may not read it' : 'the provider did not give it'
      return { kind: fate, why: `${why} (${error.reason})` }
    }
  }

  /** What a pass over everything has not seen is gone, or the account may no longer see it. */
  async #dropUnseen(): Promise<void> {
    for (;;) {
      const unseen = await unseenDocuments(this.#claim, this.#claim.pass)
      if (unseen.length === 0) return
      await whileOurs(this.#claim, async (tx) => {
        const deleted = await dropRemoteDocuments(tx, this.#claim, unseen)
        return { change: { deleted: { increment: deleted } }, result: undefined }
      })
    }
  }

  /** A page is through, and the next one follows. */
  #keep({ cursor }: ChangePage, deletions: readonly string[]): Promise<void> {
    return whileOurs(this.#claim, async (tx) => {
      const deleted = await dropRemoteDocuments(tx, this.#claim, deletions)
      const change = {
        cursor: cursorColumn(cursor),
        phase: 'listing',
        deleted: { increment: deleted },
        attempts: 0,
        rateLimitedUntil: null,
      }
      return { change, result: undefined }
    })
  }

  /** The pass is through. Whoever asked for another one meanwhile gets it. */
  #finish({ cursor }: ChangePage, deletions: readonly string[]): Promise<void> {
    const { dataSourceId, organizationId } = this.#claim
    const now = this.#tools.now()
    return whileOurs(this.#claim, async (tx) => {
      const dropped = await dropRemoteDocuments(tx, this.#claim, deletions)
      const row = await tx.sourceSync.findUniqueOrThrow({ where: { dataSourceId, organizationId } })
      const { added, changed, requestedAt, scheduleMinutes } = row
      const deleted = row.deleted + dropped
      if (added + changed + deleted > 0) {
        await recordAudit(tx, systemFor(organizationId), {
          action: 'data_source.synced',
          targetId: dataSourceId,
          after: { added, changed, deleted },
        })
      }
      await noteSynced(tx, this.#claim, now)
      const change = {
        cursor: cursorColumn(this.#claim.selection.length === 0 ? null : cursor),
        isPassing: false,
        phase: requestedAt ? 'waiting' : 'idle',
        deleted,
        finishedAt: now,
        nextAt: requestedAt ? now : nextSyncAt(scheduleMinutes, now),
        attempts: 0,
        rateLimitedUntil: null,
        lastError: null,
        claimId: null,
        claimedUntil: null,
      }
      return { change, result: undefined }
    })
  }
}

/** What came of asking for a document. */
type Fetched =
  | ({ kind: 'content' } & Exclude<FetchedDocument, { skipped: string }> & { mediaType: DocumentType })
  | { kind: 'skip' | 'fail'; why: string }
  | { kind: 'gone' }
