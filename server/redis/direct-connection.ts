import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterBudget, budgetLeft } from '../../lib/edge/budget'
import { REDIS_BUDGET_MS, tooLate } from '../../lib/edge/redis'
import { RedisError, RedisUnavailable, type Reply } from './reply'
import { ReplyReader } from './reply-reader'

const CONNECT_WITHIN_MS = 1_000
/** A connection on which something waits for so long is given up for a new one. */
const SILENCE_MS = 2_000
const RECONNECT_STEP_MS = 50
const RECONNECT_AT_MOST_MS = 500
/** Places of the queue that are let go of at once. */
const SPENT_MAX = 1_024

/** One connection to Redis for commands whose answers are awaited within a budget. */
export interface DirectConnection {
  /**
   * Sends a command. Rejects with RedisError for an error reply, with RedisUnavailable when the connection is away or
   * breaks, and with a TimeoutError once the budget is spent. No command is ever sent twice.
   */
  execute(command: readonly string[]): Promise<Reply>
  close(): void
}

interface Waiting {
  resolve(reply: Reply): void
  reject(error: Error): void
  sentMs: number
  /** Of its budget, in ms. */
  leftMs: () => number
  /** Its caller has been told already, or there is none; the reply is still to come and belongs to nobody else. */
  isOver: boolean
}

function encode(command: readonly string[]): string {
  let text = `*${command.length}\r\n`
  for (const part of command) text += `$${Buffer.byteLength(part)}\r\n${part}\r\n`
  return text
}

/** Where a `redis:` or `rediss:` address leads, and what is said there before anything else. */
function readAddress(address: string) {
  const url = new URL(address)
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)]
  const database = url.pathname.slice(1)
  const greeting: string[][] = []
  if (password) greeting.push(user ? ['AUTH', user, password] : ['AUTH', password])
  if (database && database !== '0') greeting.push(['SELECT', database])
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1'
  return { host, port: Number(url.port || 6379), isTls: url.protocol === 'rediss:', greeting }
}

/**
 * Connects to `redis://` or `rediss://`, with nothing between a command and the socket: the gate asks once for every
 * request. What is sent in one turn of the event loop goes in one write, one timer keeps the budgets of all, and the
 * connection comes back by itself. Commands before the first attempt has ended wait for it.
 */
export function connectDirectly(address: string, budgetMs = REDIS_BUDGET_MS): DirectConnection {
  const { host, port, isTls, greeting } = readAddress(address)
  let socket: Socket | undefined
  let state: 'first' | 'ready' | 'away' | 'closed' = 'first'
  let attempts = 0
  let output = ''
  let isFlushing = false
  /** Spent places, then what waits for its reply, in the order in which it was sent. */
  let queue: Waiting[] = []
  let head = 0
  let stopWatch: (() => void) | undefined

  function flush(): void {
    isFlushing = false
    if (state !== 'ready' || output === '') return
    socket?.write(output)
    output = ''
  }

  function answer(reply: Reply | RedisError): void {
    const waiting = queue[head]
    if (!waiting) throw new Error('Redis answered what nobody had asked')
    head += 1
    if (head === queue.length || head > SPENT_MAX) {
      queue = queue.slice(head)
      head = 0
    }
    if (waiting.isOver) return
    if (reply instanceof RedisError) waiting.reject(reply)
    else waiting.resolve(reply)
  }

  function failAll(cause: unknown): void {
    const failed = queue.slice(head)
    queue = []
    head = 0
    output = ''
    for (const { isOver, reject } of failed) if (!isOver) reject(new RedisUnavailable(cause))
  }

  /** Rejects what has waited too long, and gives up a connection that has been silent. */
  function expire(): void {
    stopWatch = undefined
    const nowMs = performance.now()
    for (let at = head; at < queue.length; at++) {
      const waiting = queue[at] as Waiting
      if (waiting.leftMs() >= 1) break
      if (!waiting.isOver) waiting.reject(tooLate())
      waiting.isOver = true
    }
    const oldest = queue[head]
    if (!oldest) return
    if (oldest.sentMs + SILENCE_MS <= nowMs) socket?.destroy()
    else watch()
  }

  /** Waits until the first that has not been given up yet has spent its budget. */
  function watch(): void {
    if (stopWatch) return
    const first = queue.slice(head).find(({ isOver }) => !isOver)
    const dueMs = first ? first.leftMs() : SILENCE_MS / 4
    stopWatch = afterBudget(Math.max(1, dueMs), expire)
  }

  function open(): void {
    const opened: Socket = isTls ? connectTls({ host, port }) : connectTcp({ host, port })
    const reader = new ReplyReader()
    let failure: unknown = new Error('The connection was closed')
    let unanswered = greeting.length
    const ready = () => {
      opened.setTimeout(0)
      state = 'ready'
      attempts = 0
      flush()
    }
    const take = (reply: Reply | RedisError) => {
      if (unanswered === 0) return answer(reply)
      if (reply instanceof RedisError) throw reply
      unanswered -= 1
      if (unanswered === 0) ready()
    }
    socket = opened
    opened.setNoDelay(true)
    opened.setKeepAlive(true)
    opened.setTimeout(CONNECT_WITHIN_MS, () => opened.destroy(tooLate()))
    opened.once(isTls ? 'secureConnect' : 'connect', () => {
      if (greeting.length === 0) ready()
      else opened.write(greeting.map(encode).join(''))
    })
    opened.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, take)
      } catch (error) {
        opened.destroy(error instanceof Error ? error : undefined)
      }
    })
    opened.on('error', (error) => {
      failure = error
    })
    opened.once('close', () => {
      if (state === 'closed') return
      state = 'away'
      failAll(failure)
      attempts += 1
      setTimeout(reopen, Math.min(attempts * RECONNECT_STEP_MS, RECONNECT_AT_MOST_MS)).unref()
    })
  }

  function reopen(): void {
    if (state !== 'closed') open()
  }

  open()
  return {
    execute: (command) => {
      if (state === 'away' || state === 'closed') return Promise.reject(new RedisUnavailable(state))
      return new Promise((resolve, reject) => {
        output += encode(command)
        queue.push({
          resolve,
          reject,
          sentMs: performance.now(),
          leftMs: budgetLeft(budgetMs),
          isOver: false,
        })
        if (!isFlushing) {
          isFlushing = true
          setImmediate(flush)
        }
        watch()
      })
    },
    close: () => {
      state = 'closed'
      stopWatch?.()
      failAll(new Error('The connection was closed'))
      socket?.destroy()
    },
  }
}
