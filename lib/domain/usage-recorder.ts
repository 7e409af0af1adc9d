import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { BlockedEvent } from '../core/access-log'
import { newId } from '../core/ids'
import { BATCH_EVENTS_MAX, storableBlock, storableEvent, UsageBatch, UsageEvent } from '../core/usage'
import { UsageBuffer } from '../core/usage-buffer'
import { withinBudget } from '../edge/budget'
import { bareCause, inBackground } from '../store/background'
import { isDatabaseOutage } from '../store/db'
import { log } from '../store/log'
import { listSpooled, readSpooled, removeSpooled, setAside, spool } from '../store/spool'
import { noteLoss } from './usage-losses'
import { writeUsage } from './usage-writer'

export { writeUsage }

const FLUSH_MS = 500
/** How often what is kept aside is tried again, and how long events wait meanwhile. */
const RETRY_MS = 2_000
/** A write that takes longer is kept aside too: if it still comes to something, the batch's id makes the copy harmless. */
const PATIENCE_MS = 1_000
/** After this it is taken for dead, and the next is tried. */
const LATE_MS = 5_000
/** Beyond this the memory would fill faster than disk and database together can take it. */
const BUFFER_MAX = 50_000
/** A batch that Postgres, up and well, refuses this often is put aside for a person to look at. */
const TRIES_MAX = 5

interface Recorder {
  buffer: UsageBuffer
  timer: NodeJS.Timeout | undefined
  flushing: Promise<void> | undefined
  /** Postgres did not answer: batches go to the spool until one of it could be counted. */
  isOut: boolean
  /** A write that has not answered yet; one at a time, so that an outage does not take all connections. */
  late: Promise<void> | undefined
  /** There may be something in the spool, perhaps of a process before. */
  hasSpooled: boolean
  retry: NodeJS.Timeout | undefined
  ingesting: Promise<number> | undefined
  refusals: Map<string, number>
  /** Callers of flushUsage that wait: nothing else may keep the process from ending. */
  hurried: number
}

/** One for the process: the server's modules and those that Next bundled must share buffer, timers and flush. */
const shared = globalThis as unknown as { twigUsage?: Recorder }
shared.twigUsage ??= {
  buffer: new UsageBuffer(),
  timer: undefined,
  flushing: undefined,
  isOut: false,
  late: undefined,
  hasSpooled: true,
  retry: undefined,
  ingesting: undefined,
  refusals: new Map(),
  hurried: 0,
}
const recorder = shared.twigUsage

/** Counts a decision or an answer, soon and off the request's path. Never throws; an idle process does nothing. */
export function recordUsage(event: UsageEvent): void {
  keep(event)
}

/** Notes a blocked attempt for its organization's access log: the same way, with the same care. */
export function recordBlocked(event: BlockedEvent): void {
  keep(event)
}

function keep(event: UsageEvent | BlockedEvent): void {
  if (recorder.buffer.size >= BUFFER_MAX) noteLoss(1, 'buffer full')
  else recorder.buffer.add(event)
  if (recorder.buffer.size >= BATCH_EVENTS_MAX) startFlush()
  else armFlush()
}

/**
 * Empties the buffer: into Postgres, or into the spool where Postgres does not answer within a second. For an orderly
 * end of the process, once nothing is recorded any more.
 */
export async function flushUsage(): Promise<void> {
  recorder.hurried += 1
  try {
    while (recorder.flushing || recorder.buffer.size > 0) {
      startFlush()
      await recorder.flushing
    }
    await recorder.ingesting
  } finally {
    recorder.hurried -= 1
    if (recorder.hasSpooled) armRetry()
  }
}

/** How many events wait in this process. */
export function bufferedUsage(): number {
  return recorder.buffer.size
}

/**
 * Takes over a batch that another host of the gate made: counted now, or kept aside when Postgres does not answer.
 * Returns false when it could not be kept either; the same batch may then be sent again.
 */
export async function acceptUsage(batch: UsageBatch): Promise<boolean> {
  const nowMs = Date.now()
  const events = batch.events.map((event) => storableEvent(event, nowMs))
  const blocked = batch.blocked?.map((event) => storableBlock(event, nowMs))
  return sizeOf(batch) === 0 || settle({ ...batch, events, blocked })
}

/**
 * Counts the batches that were kept aside, of whichever process that shares the data folder. While Postgres does not
 * answer it is tried again every two seconds. Returns how many were counted; does not throw.
 */
export function ingestSpool(): Promise<number> {
  recorder.ingesting ??= ingest()
    .catch((error: unknown) => {
      log().error({ cause: bareCause(error) }, 'usage that was kept aside cannot be read')
      recorder.isOut = false
      return 0
    })
    .finally(() => {
      recorder.ingesting = undefined
      if (recorder.hasSpooled) armRetry()
    })
  return recorder.ingesting
}

function armFlush(): void {
  recorder.timer ??= setTimeout(startFlush, recorder.isOut ? RETRY_MS : FLUSH_MS).unref()
}

function startFlush(): void {
  clearTimeout(recorder.timer)
  recorder.timer = undefined
  if (recorder.flushing) return
  const flushing = flush().finally(() => {
    recorder.flushing = undefined
    if (recorder.buffer.size > 0) armFlush()
  })
  recorder.flushing = flushing
  inBackground('usage', () => flushing)
}

/** What waited when it began, and then only whole batches: what trickles in meanwhile waits for the next time. */
async function flush(): Promise<void> {
  // Not within the request that happened to fill the batch.
  await setImmediate()
  let waiting = recorder.buffer.size
  while (waiting > 0 || recorder.buffer.size >= BATCH_EVENTS_MAX) {
    const recorded = recorder.buffer.take(BATCH_EVENTS_MAX)
    waiting -= recorded.events.length + recorded.blocked.length
    const batch = makeBatch(recorded)
    if (sizeOf(batch) > 0) await settle(batch)
  }
}

function makeBatch(recorded: ReturnType<UsageBuffer['take']>): UsageBatch {
  const nowMs = Date.now()
  const events = recorded.events.flatMap((event) => sound(UsageEvent, storableEvent(event, nowMs)))
  const blocked = recorded.blocked.flatMap((event) => sound(BlockedEvent, storableBlock(event, nowMs)))
  const lost = sizeOf(recorded) - sizeOf({ events, blocked })
  if (lost > 0) noteLoss(lost, 'malformed')
  return { id: newId('batch'), events, ...(blocked.length > 0 && { blocked }) }
}

function sound<T>(schema: z.ZodType<T>, event: unknown): T[] {
  const { data } = schema.safeParse(event)
  return data === undefined ? [] : [data]
}

/** Everything that happened, what was folded included. */
function sizeOf({ events, blocked = [] }: Pick<UsageBatch, 'events' | 'blocked'>): number {
  return blocked.reduce((total, { count }) => total + count, events.length)
}

/** Counts a batch or keeps it aside; false when neither could be done. */
async function settle(batch: UsageBatch): Promise<boolean> {
  if (!recorder.isOut) {
    const outcome = await tryWrite(batch)
    if (outcome === 'counted') {
      if (recorder.hasSpooled && recorder.hurried === 0) startIngest()
      return true
    }
    if (outcome === 'out') noteOutage()
  }
  recorder.hasSpooled = true
  armRetry()
  try {
    if (await spool(batch.id, JSON.stringify(batch))) return true
    noteLoss(sizeOf(batch), 'spool full')
  } catch (error) {
    noteLoss(sizeOf(batch), bareCause(error))
  }
  return false
}

/** `out`: Postgres did not answer in time, and may or may not have counted it. `refused`: it answered, and did not take it. */
async function tryWrite(batch: UsageBatch): Promise<'counted' | 'out' | 'refused'> {
  const write = writeUsage(batch).then(
    () => 'counted' as const,
    (error: unknown) => {
      if (isDatabaseOutage(error)) return 'out'
      log().error({ batch: batch.id, cause: bareCause(error) }, 'usage was refused by the database')
      return 'refused'
    },
  )
  const outcome = await withinBudget(write, PATIENCE_MS, () => new Error('late')).catch(() => 'out' as const)
  if (outcome === 'out') {
    const late = Promise.race([write, sleep(LATE_MS, 'out', { ref: false })]).then(() => {
      if (recorder.late === late) recorder.late = undefined
    })
    recorder.late = late
  }
  return outcome
}

function noteOutage(): void {
  if (!recorder.isOut) log().warn('Postgres does not answer; usage is kept aside')
  recorder.isOut = true
}

function armRetry(): void {
  recorder.retry ??= setTimeout(() => {
    recorder.retry = undefined
    if (recorder.late) armRetry()
    else startIngest()
  }, RETRY_MS).unref()
}

function startIngest(): void {
  inBackground('usage spool', async () => void (await ingestSpool()))
}

async function ingest(): Promise<number> {
  recorder.hasSpooled = false
  let counted = 0
  for (const id of await listSpooled()) {
    const outcome = recorder.hurried > 0 ? 'out' : await ingestOne(id)
    if (outcome === 'counted') {
      counted += 1
      recorder.isOut = false
    } else {
      recorder.hasSpooled ||= outcome !== 'gone'
      if (outcome === 'out') break
    }
  }
  if (!recorder.hasSpooled) recorder.isOut = false
  if (counted > 0) log().info({ batches: counted }, 'usage that was kept aside is counted')
  return counted
}

/** `gone`: another process took it, or it was put aside. `refused`: it is to be tried again. */
async function ingestOne(id: string): Promise<'counted' | 'gone' | 'out' | 'refused'> {
  const text = await readSpooled(id).catch(() => '')
  if (text === null) return 'gone'
  const batch = parseBatch(text)
  if (batch?.id !== id) return giveUp(id, 'unreadable')
  const outcome = await tryWrite(batch)
  if (outcome === 'refused') {
    const refusals = (recorder.refusals.get(id) ?? 0) + 1
    recorder.refusals.set(id, refusals)
    return refusals >= TRIES_MAX ? giveUp(id, 'refused') : 'refused'
  }
  if (outcome === 'counted') {
    await removeSpooled(id)
    recorder.refusals.delete(id)
  }
  return outcome
}

async function giveUp(id: string, cause: string): Promise<'gone'> {
  recorder.refusals.delete(id)
  log().error({ batch: id, cause }, 'a batch of usage was put aside uncounted')
  await setAside(id)
  return 'gone'
}

function parseBatch(text: string): UsageBatch | undefined {
  try {
    return UsageBatch.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
