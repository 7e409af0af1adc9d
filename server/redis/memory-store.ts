import { arg, arityFits, type Command, type CommandTable } from './command'
import { hashCommands } from './commands-hashes'
import { keyCommands } from './commands-keys'
import { serverCommands, unknownSubcommand } from './commands-server'
import { setCommands } from './commands-sets'
import { stringCommands } from './commands-strings'
import { Keyspace } from './keyspace'
import { LuaRunner } from './lua'
import { readInteger } from './numbers'
import * as reply from './reply'
import { sha1 } from './sha1'

const DATA_COMMANDS: CommandTable = {
  ...stringCommands,
  ...keyCommands,
  ...hashCommands,
  ...setCommands,
  ...serverCommands,
}
const SCRIPT_COMMANDS = new Map([
  ['EVAL', -3],
  ['EVALSHA', -3],
  ['EVAL_RO', -3],
  ['EVALSHA_RO', -3],
  ['SCRIPT', -2],
])
const SUBCOMMANDS = new Map([
  ['LOAD', 3],
  ['EXISTS', -3],
  ['FLUSH', -2],
])
const MAX_INSTRUCTIONS = 20_000_000

/** Does the store know this command? Both backends offer exactly these, so that neither runs what the other can't. */
export function isKnownCommand(name: string): boolean {
  const upper = name.toUpperCase()
  return Object.hasOwn(DATA_COMMANDS, upper) || SCRIPT_COMMANDS.has(upper)
}

export type TransactionResult = { result: reply.Reply } | { error: string }

/**
 * Redis in the process: the commands Twig and @upstash/ratelimit use, with Redis 7's replies and errors, and Lua
 * scripts. Every call runs to its end before the next, with the clock read once. Nothing is kept on disk.
 */
export class MemoryStore {
  readonly #keys = new Keyspace()
  readonly #now: () => number
  readonly #lua: LuaRunner

  private constructor(now: () => number, lua: LuaRunner) {
    this.#now = now
    this.#lua = lua
  }

  /** Opens an empty store. `now` is the clock in ms; a script is stopped after `maxInstructions` (20 million). */
  static async open(options: { now: () => number; maxInstructions?: number }): Promise<MemoryStore> {
    return new MemoryStore(options.now, await LuaRunner.open(options.maxInstructions ?? MAX_INSTRUCTIONS))
  }

  /** How many keys are held in memory, expired ones that are not yet swept included. */
  get size(): number {
    return this.#keys.size
  }

  /** Runs one command: its name and arguments. Throws RedisError with Redis's text. */
  execute(command: readonly string[]): reply.Reply {
    this.#keys.time = this.#now()
    const answer = this.#answer(command.map(reply.toBytes))
    if ('error' in answer) throw new reply.RedisError(answer.error)
    return answer.result
  }

  /** Runs all commands at one instant, as MULTI and EXEC do. Throws EXECABORT, running none, when one is malformed. */
  transaction(commands: ReadonlyArray<readonly string[]>): TransactionResult[] {
    this.#keys.time = this.#now()
    const list = commands.map((command) => command.map(reply.toBytes))
    for (const [name = '', ...args] of list) if (this.#malformed(name, args)) throw reply.execAbort()
    return list.map((command) => this.#answer(command))
  }

  /** Frees the interpreter; the store is of no use afterwards. */
  close(): void {
    this.#keys.clear()
    this.#lua.close()
  }

  #answer(command: readonly string[]): TransactionResult {
    try {
      return { result: reply.toReply(this.#run(command)) }
    } catch (error) {
      if (error instanceof reply.RedisError) return { error: reply.toText(error.message) }
      throw error
    }
  }

  #malformed(name: string, args: readonly string[]): reply.RedisError | undefined {
    const upper = name.toUpperCase()
    const arity = Object.hasOwn(DATA_COMMANDS, upper)
      ? DATA_COMMANDS[upper]?.arity
      : SCRIPT_COMMANDS.get(upper)
    if (arity === undefined) return reply.unknownCommand(name, args)
    if (!arityFits(arity, args.length)) return reply.wrongArity(name)
    return upper === 'SCRIPT' ? this.#malformedScript(arg(args, 0), args.length) : undefined
  }

  #malformedScript(subcommand: string, argumentCount: number): reply.RedisError | undefined {
    const arity = SUBCOMMANDS.get(subcommand.toUpperCase())
    if (arity === undefined) return unknownSubcommand('SCRIPT', subcommand)
    return arityFits(arity, argumentCount) ? undefined : reply.wrongArity(`script|${subcommand}`)
  }

  #run([name = '', ...args]: readonly string[]): reply.RawReply {
    const malformed = this.#malformed(name, args)
    if (malformed) throw malformed
    const upper = name.toUpperCase()
    const command = DATA_COMMANDS[upper]
    if (command) return this.#apply(command, args)
    return upper === 'SCRIPT' ? this.#script(args) : this.#eval(upper, args)
  }

  #apply(command: Command, args: readonly string[]): reply.RawReply {
    const result = command.run(this.#keys, args)
    if (command.write) this.#keys.sweepSome()
    return result
  }

  /** A command from inside a script, where Redis words these errors differently. */
  #runFromScript([name = '', ...args]: readonly string[], readOnly: boolean): reply.RawReply {
    const upper = name.toUpperCase()
    if (SCRIPT_COMMANDS.has(upper))
      throw new reply.RedisError('ERR This Redis command is not allowed from script')
    const command = Object.hasOwn(DATA_COMMANDS, upper) ? DATA_COMMANDS[upper] : undefined
    if (!command) throw new reply.RedisError('ERR Unknown Redis command called from script')
    if (!arityFits(command.arity, args.length))
      throw new reply.RedisError('ERR Wrong number of args calling Redis command from script')
    if (readOnly && command.write)
      throw new reply.RedisError('ERR Write commands are not allowed from read-only scripts.')
    return this.#apply(command, args)
  }

  #eval(name: string, args: readonly string[]): reply.RawReply {
    const bySha = name.startsWith('EVALSHA')
    const readOnly = name.endsWith('_RO')
    const sha = bySha ? arg(args, 0).toLowerCase() : sha1(arg(args, 0))
    if (sha.length !== 40) throw reply.noScript()
    const keyCount = readInteger(arg(args, 1))
    if (keyCount > args.length - 2)
      throw new reply.RedisError("ERR Number of keys can't be greater than number of args")
    if (keyCount < 0) throw new reply.RedisError("ERR Number of keys can't be negative")
    if (!bySha) this.#lua.load(sha, arg(args, 0))
    const [keys, rest] = [args.slice(2, 2 + keyCount), args.slice(2 + keyCount)]
    const result = this.#lua.run(sha, keys, rest, (command) => this.#runFromScript(command, readOnly))
    if (result === undefined) throw reply.noScript()
    return result
  }

  #script([subcommand = '', ...args]: readonly string[]): reply.RawReply {
    const upper = subcommand.toUpperCase()
    if (upper === 'EXISTS') return args.map((sha) => (this.#lua.has(sha.toLowerCase()) ? 1 : 0))
    if (upper === 'LOAD') {
      const sha = sha1(arg(args, 0))
      this.#lua.load(sha, arg(args, 0))
      return sha
    }
    const mode = args[0]?.toUpperCase()
    if (args.length > 1 || (mode !== undefined && mode !== 'SYNC' && mode !== 'ASYNC'))
      throw new reply.RedisError('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
    this.#lua.flush()
    return reply.OK
  }
}
