import { arg, type CommandTable, read, write } from './command'
import type { Keyspace } from './keyspace'
import { OK, RedisError, Status, syntaxError, wrongArity } from './reply'

function ping(_keys: Keyspace, args: readonly string[]): Status | string {
  if (args.length > 1) throw wrongArity('ping')
  return args[0] ?? new Status('PONG')
}

function flush(keys: Keyspace, args: readonly string[]): Status {
  const mode = args[0]?.toUpperCase()
  if (args.length > 1 || (mode !== undefined && mode !== 'ASYNC' && mode !== 'SYNC')) throw syntaxError()
  keys.clear()
  return OK
}

/** Seconds and microseconds; inside a script the clock stands still. */
function time(keys: Keyspace): string[] {
  const seconds = Math.floor(keys.time / 1000)
  return [String(seconds), String(Math.floor((keys.time - seconds * 1000) * 1000))]
}

const info = (keys: Keyspace): string =>
  `# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\r\n# Keyspace\r\ndb0:keys=${keys.size}\r\n`

/** The error for a subcommand that does not exist. */
export const unknownSubcommand = (command: string, name: string): RedisError =>
  new RedisError(`ERR unknown subcommand '${name.slice(0, 128)}'. Try ${command} HELP.`)

/** Commands on the server itself. */
export const serverCommands: CommandTable = {
  PING: read(-1, ping),
  ECHO: read(2, (_keys, args) => arg(args, 0)),
  DBSIZE: read(1, (keys) => keys.size),
  FLUSHDB: write(-1, flush),
  FLUSHALL: write(-1, flush),
  TIME: read(1, time),
  INFO: read(-1, info),
}
