import pg from 'pg'
import { afterBudget, longestMs } from '../edge/budget'

interface PoolOptions {
  connectionString: string
  size: number
  /** For a connection, or a free one of the pool. */
  connectMs: number
  /** For the answer to a statement. */
  answerMs: number
  idleMs: number
  /** After so long Postgres ends a statement; a pooler refuses or forgets it where it is said of a connection. */
  statementTimeoutMs?: number
}

type Told = (error: Error | undefined, result?: unknown) => void
type Connected = (error: Error | undefined, client: pg.PoolClient | undefined, release: () => void) => void

/**
 * Connections whose waits are counted as those of any other dependency (`edge/budget.ts`). One on which an answer comes too
 * late is closed: a transaction that was given up may still be open on it, and whoever got it next would commit that.
 */
export function postgresPool(options: PoolOptions): pg.Pool {
  const { connectionString, size, connectMs, answerMs, idleMs, statementTimeoutMs } = options
  const pool = new pg.Pool({
    connectionString,
    max: size,
    connectionTimeoutMillis: longestMs(connectMs),
    idleTimeoutMillis: idleMs,
    ...(statementTimeoutMs !== undefined && { statement_timeout: statementTimeoutMs }),
  })
  pool.on('connect', (client) => answerInTime(client, answerMs))
  connectInTime(pool, connectMs)
  return pool
}

function answerInTime(client: pg.PoolClient, answerMs: number): void {
  const query = client.query.bind(client) as (...asked: unknown[]) => unknown
  const queryInTime = (asked: unknown, values?: unknown, told?: Told) => {
    const clear = afterBudget(answerMs, () => void (client as unknown as pg.Client).end())
    if (!told) {
      const answer = query(asked, values) as Promise<unknown>
      answer.then(clear, clear)
      return answer
    }
    return query(asked, values, (error: Error | undefined, result: unknown) => {
      clear()
      told(error, result)
    })
  }
  Object.assign(client, { query: queryInTime })
}

function connectInTime(pool: pg.Pool, connectMs: number): void {
  const connect = pool.connect.bind(pool) as (connected: Connected) => void
  const within = (connected: Connected) => {
    let isLate = false
    const clear = afterBudget(connectMs, () => {
      isLate = true
      connected(new Error('timeout exceeded when trying to connect'), undefined, () => {})
    })
    connect((error, client, release) => {
      clear()
      if (isLate) release()
      else connected(error, client, release)
    })
  }
  const promised = () =>
    new Promise<pg.PoolClient | undefined>((resolve, reject) => {
      within((error, client) => (error ? reject(error) : resolve(client)))
    })
  Object.assign(pool, { connect: (connected?: Connected) => (connected ? within(connected) : promised()) })
}
