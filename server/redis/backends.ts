import { Redis } from 'ioredis'
import { withoutShebang } from './lua-source'
import { isKnownCommand, MemoryStore, type TransactionResult } from './memory-store'
import { execAbort, RedisError, RedisUnavailable, type Reply, toBytes, unknownCommand } from './reply'
import { sha1 } from './sha1'

/** Something that runs Redis commands for the REST server. */
export interface RedisBackend {
  /** Runs one command. Rejects with RedisError for an error reply, with RedisUnavailable when there is none. */
  execute(command: readonly string[]): Promise<Reply>
  /** Runs the commands as one MULTI/EXEC; rejects as execute does when the whole of it fails. */
  transaction(commands: ReadonlyArray<readonly string[]>): Promise<TransactionResult[]>
  /** Lets go of whatever is behind it; every later command rejects with RedisUnavailable. */
  close(): Promise<void>
}

/** A backend in this process, empty at the start. `now` is its clock in ms. */
export async function memoryBackend(options: {
  now: () => number
  maxInstructions?: number
}): Promise<RedisBackend> {
  const store = await MemoryStore.open(options)
  let closed = false
  const whileOpen = async <T>(work: () => T): Promise<T> => {
    if (closed) throw new RedisUnavailable(new Error('The store is closed'))
    return work()
  }
  return {
    execute: (command) => whileOpen(() => store.execute(command)),
    transaction: (commands) => whileOpen(() => store.transaction(commands)),
    close: async () => {
      closed = true
      store.close()
    },
  }
}

const ANSWER_WITHIN_MS = 1000
const RECONNECT_AT_MOST_MS = 500
const MAX_SCRIPTS = 500

/** A backend over an ordinary Redis or Valkey, with its connection for other uses. */
export interface IoredisBackend extends RedisBackend {
  readonly connection: Redis
}

/**
 * Connects to `redis://` or `rediss://`. While the server is away every command fails at once (within a second when
 * it is silent), and the connection comes back by itself. No command is ever sent twice.
 */
export function ioredisBackend(url: string): IoredisBackend {
  const connection = new Redis(url, {
    protocol: 2,
    enableAutoPipelining: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_WITHIN_MS,
    connectTimeout: ANSWER_WITHIN_MS,
    socketTimeout: 2 * ANSWER_WITHIN_MS,
    retryStrategy: (attempt) => Math.min(attempt * 50, RECONNECT_AT_MOST_MS),
  })
  // Every failing command reports its own error; without a listener ioredis prints each failed attempt to connect.
  connection.on('error', () => undefined)
  const attempted = new Promise<void>((resolve) => {
    for (const event of ['ready', 'close', 'end']) connection.once(event, resolve)
  })
  const scripts = new ScriptNames()

  async function execute(command: readonly string[]): Promise<Reply> {
    const [name = '', ...args] = command
    if (!isKnownCommand(name)) throw unknownCommand(name, args)
    await attempted
    try {
      return plainReply(await scripts.run(connection, name.toUpperCase(), args))
    } catch (error) {
      throw asRedisError(error)
    }
  }

  async function transaction(commands: ReadonlyArray<readonly string[]>): Promise<TransactionResult[]> {
    if (commands.some(([name = '']) => !isKnownCommand(name))) throw execAbort()
    await attempted
    const multi = connection.multi()
    for (const [name = '', ...args] of commands) {
      const [known, ...rest] = scripts.inTransaction(name.toUpperCase(), args)
      multi.call(known, ...rest)
    }
    try {
      const results = await multi.exec()
      return (results ?? []).map(([error, result]) =>
        error ? { error: asRedisError(error).message } : { result: plainReply(result) },
      )
    } catch (error) {
      throw asRedisError(error)
    }
  }

  async function close(): Promise<void> {
    if (connection.status === 'ready') await connection.quit().catch(() => undefined)
    connection.disconnect()
  }

  return { connection, execute, transaction, close }
}

/** ioredis's reply as ours; an error inside a list becomes its message. */
function plainReply(value: unknown): Reply {
  if (typeof value === 'string' || typeof value === 'number') return value
  if (Array.isArray(value)) return value.map(plainReply)
  return value instanceof Error ? value.message : null
}

function asRedisError(error: unknown): RedisError | RedisUnavailable {
  const answered = error instanceof Error && error.name === 'ReplyError'
  return answered ? new RedisError(error.message) : new RedisUnavailable(error)
}

/**
 * Scripts that begin with `#!lua flags=…` for Upstash, which Redis refuses: it is sent the text without that line,
 * whose SHA-1 differs from the client's. Remembers which is which, and the text for a Redis that has restarted.
 */
class ScriptNames {
  readonly #known = new Map<string, { sha: string; text: string }>()

  async run(connection: Redis, name: string, args: readonly string[]): Promise<unknown> {
    const [first, ...rest] = args
    if (first === undefined) return connection.call(name)
    if (name === 'EVAL' || name === 'EVAL_RO') return connection.call(name, this.#remember(first), ...rest)
    if (name === 'EVALSHA' || name === 'EVALSHA_RO') return this.#runBySha(connection, name, first, rest)
    if (name === 'SCRIPT') return this.#script(connection, first, rest)
    return connection.call(name, ...args)
  }

  /** In a transaction a known script goes as its text, since NOSCRIPT could not be answered in time. */
  inTransaction(name: string, args: readonly string[]): [string, ...string[]] {
    const [first = '', ...rest] = args
    if (name === 'EVAL' || name === 'EVAL_RO') return [name, this.#remember(first), ...rest]
    const script = name.startsWith('EVALSHA') ? this.#known.get(first.toLowerCase()) : undefined
    return script ? [name.replace('SHA', ''), script.text, ...rest] : [name, ...args]
  }

  async #runBySha(connection: Redis, name: string, sha: string, rest: readonly string[]): Promise<unknown> {
    const script = this.#known.get(sha.toLowerCase())
    try {
      return await connection.call(name, script?.sha ?? sha, ...rest)
    } catch (error) {
      const forgotten = error instanceof Error && error.message.startsWith('NOSCRIPT')
      if (!script || !forgotten) throw error
      return connection.call(name.replace('SHA', ''), script.text, ...rest)
    }
  }

  async #script(connection: Redis, subcommand: string, args: readonly string[]): Promise<unknown> {
    const upper = subcommand.toUpperCase()
    if (upper === 'LOAD' && args[0] !== undefined && args.length === 1) {
      await connection.call('SCRIPT', 'LOAD', this.#remember(args[0]))
      return sha1(toBytes(args[0]))
    }
    if (upper === 'FLUSH') this.#known.clear()
    const names = args.map((sha) => this.#known.get(sha.toLowerCase())?.sha ?? sha)
    return connection.call('SCRIPT', subcommand, ...names)
  }

  #remember(source: string): string {
    const text = withoutShebang(source)
    const sha = sha1(toBytes(source))
    this.#known.delete(sha)
    this.#known.set(sha, { sha: sha1(toBytes(text)), text })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_SCRIPTS) break
      this.#known.delete(oldest)
    }
    return text
  }
}
