import type { Keyspace } from './keyspace'
import type { RawReply } from './reply'

/** One Redis command. `arity` counts the name: exact when positive, a minimum when negative (as COMMAND INFO). */
export interface Command {
  readonly arity: number
  readonly write: boolean
  /** `args` are bytes, without the name. Throws RedisError. */
  run(keys: Keyspace, args: readonly string[]): RawReply
}

export type CommandTable = Readonly<Record<string, Command>>

/** A command that only reads. */
export function read(arity: number, run: Command['run']): Command {
  return { arity, write: false, run }
}

/** A command that may write; refused in read-only scripts and followed by a sweep. */
export function write(arity: number, run: Command['run']): Command {
  return { arity, write: true, run }
}

/** Does a command with this many arguments (without its name) have the right number of them? */
export function arityFits(arity: number, argumentCount: number): boolean {
  return arity >= 0 ? argumentCount + 1 === arity : argumentCount + 1 >= -arity
}

/** The argument at an index whose presence the arity already guarantees. */
export function arg(args: readonly string[], index: number): string {
  return args[index] ?? ''
}
