import pg from 'pg'
import { afterBudget } from '../edge/budget'

interface PoolOptions {
  connectionString: string
  size: number
  /** For a free place in the pool, and for a connection where there is none yet. */
  connectMs: number
  /** For the answer to a statement. */
  answerMs: number
  idleMs: number
  /** After so long Postgres ends a statement; a pooler refuses or forgets it where it is said of a connection. */
  statementTimeoutMs?: number
}

type Done = (error: Error | undefined, result?: unknown) => void
type Connected = (error: Error | undefined, client?: pg.PoolClient, release?: () => void) => void

/**
 * Connections whose waits are counted as those of any other dependency (`edge/budget.ts`). One on which an answer comes too
 * late is closed: a transaction that was given up may still be open on it, and whoever got it next would commit that.
 */
export function postgresPool(options: PoolOptions): pg.Pool {
  const { connectionString, size, connectMs, answerMs, idleMs, statementTimeoutMs } = options
  const pool = new pg.Pool({
    connectionString,
    max: size,
    idleTimeoutMillis: idleMs,
    ...(statementTimeoutMs !== undefined && { statement_timeout: statementTimeoutMs }),
    Client: connectingWithin(connectMs),
  } as pg.PoolConfig)
  pool.on('connect', (client) => answerInTime(client, answerMs))
  takePlaces(pool, size, connectMs)
  return pool
}

/** At once: the end that pg says politely may wait for an answer itself. */
function cutOff(client: pg.ClientBase): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}

function connectingWithin(connectMs: number): typeof pg.Client {
  return class extends pg.Client {
    // The pool connects with a callback.
    override connect(done?: unknown): Promise<this> {
      const clear = afterBudget(connectMs, () => cutOff(this))
      super.connect((...result: [Error]) => {
        clear()
        ;(done as Done)(...result)
      })
      return Promise.resolve(this)
    }
  }
}

function answerInTime(client: pg.PoolClient, answerMs: number): void {
  const query = client.query.bind(client) as (...asked: unknown[]) => unknown
  const queryInTime = (asked: unknown, values?: unknown, done?: Done) => {
    const clear = afterBudget(answerMs, () => {
      // So that nobody else hears of it as a failure of the connection.
      void (client as unknown as pg.Client).end()
      cutOff(client)
    })
    if (!done) {
      const answer = query(asked, values) as Promise<unknown>
      answer.then(clear, clear)
      return answer
    }
    return query(asked, values, (error: Error | undefined, result: unknown) => {
      clear()
      done(error, result)
    })
  }
  Object.assign(client, { query: queryInTime })
}

/** The pool's own queue keeps those who have given up, and would connect for them first. */
function takePlaces(pool: pg.Pool, size: number, connectMs: number): void {
  const connect = pool.connect.bind(pool) as (connected: Connected) => void
  const waiting = new Set<() => void>()
  let taken = 0
  function leave(): void {
    taken -= 1
    const [next] = waiting
    next?.()
  }
  function enter(connected: Connected): void {
    taken += 1
    connect((error, client, release) => {
      if (error) leave()
      connected(error, client, release)
    })
  }
  function wait(connected: Connected): void {
    const next = () => {
      clear()
      waiting.delete(next)
      enter(connected)
    }
    waiting.add(next)
    const clear = afterBudget(connectMs, () => {
      waiting.delete(next)
      connected(new Error('timeout exceeded when trying to connect'))
    })
  }
  const take = (connected: Connected) => (taken < size ? enter(connected) : wait(connected))
  // Told of it before the pool itself has the connection back.
  pool.on('release', () => process.nextTick(leave))
  const promised = () =>
    new Promise<pg.PoolClient | undefined>((resolve, reject) => {
      take((error, client) => (error ? reject(error) : resolve(client)))
    })
  Object.assign(pool, { connect: (connected?: Connected) => (connected ? take(connected) : promised()) })
}
