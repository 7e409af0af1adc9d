import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from './connection'
import { type Job, monotonicMs, type Outcome, type Stream, type StreamOutcome } from './job'

/** What came back on one stream so far. */
class Log {
  readonly statuses: Record<number, number> = {}
  degraded = 0
  readonly latenciesMs: number[] = []
  readonly startsMs: number[] = []
  readonly answers: number[] = []

  outcome(): StreamOutcome {
    return {
      statuses: this.statuses,
      degraded: this.degraded,
      latenciesMs: Float64Array.from(this.latenciesMs),
      startsMs: Float64Array.from(this.startsMs),
      answers: Uint16Array.from(this.answers),
    }
  }
}

interface Lane {
  turn: () => Uint8Array
  log: Log
  connectsAnew: boolean
}

async function drive(
  connection: Connection,
  { turn, log, connectsAnew }: Lane,
  job: Job,
  isOver: (nowMs: number) => boolean,
): Promise<void> {
  const { perConnection = Number.POSITIVE_INFINITY, untilRefusals = Number.POSITIVE_INFINITY, gapMs } = job
  let refusals = 0
  for (let sent = 0; sent < perConnection && refusals < untilRefusals; sent++) {
    const startMs = monotonicMs()
    if (isOver(startMs)) return
    const { status, isDegraded } = await connection.send(turn())
    log.latenciesMs.push(monotonicMs() - startMs)
    log.statuses[status] = (log.statuses[status] ?? 0) + 1
    if (isDegraded) log.degraded += 1
    if (job.withTimes) {
      log.startsMs.push(startMs)
      log.answers.push(status)
    }
    if (connectsAnew) connection.close()
    refusals = status >= 400 ? refusals + 1 : 0
    // In lockstep, callers would wait for each other.
    if (gapMs) await sleep(gapMs * 2 * Math.random())
  }
}

function inTurn(stream: Stream): () => Uint8Array {
  let next = 0
  return () => {
    const request = stream.requests[next++ % stream.requests.length]
    if (!request) throw new Error('A stream without requests')
    return request
  }
}

/**
 * Runs a job.
 * @param ended ends it before its time: no request begins later
 * @throws Error when a server cannot be reached, breaks off, or answers something other than HTTP/1.1
 */
export async function generate(job: Job, ended: AbortSignal): Promise<Outcome> {
  const lanes = job.streams.map((stream) => ({
    turn: inTurn(stream),
    log: new Log(),
    connectsAnew: stream.connectsAnew ?? false,
    connections: Array.from({ length: stream.connections }, () => new Connection(stream.url)),
  }))
  const all = lanes.flatMap(({ connections }) => connections)
  try {
    await Promise.all(
      lanes
        .filter(({ connectsAnew }) => !connectsAnew)
        .flatMap(({ connections }) => connections.map((connection) => connection.open())),
    )
    const cpu = process.cpuUsage()
    const startMs = monotonicMs()
    const endMs = startMs + (job.forMs ?? Number.POSITIVE_INFINITY)
    const isOver = (nowMs: number) => nowMs >= endMs || ended.aborted
    await Promise.all(
      lanes.flatMap((lane) => lane.connections.map((connection) => drive(connection, lane, job, isOver))),
    )
    const elapsedMs = monotonicMs() - startMs
    const { user, system } = process.cpuUsage(cpu)
    return {
      streams: lanes.map(({ log }) => log.outcome()),
      elapsedMs,
      cpuMs: (user + system) / 1000,
    }
  } finally {
    for (const connection of all) connection.close()
  }
}
