import { arg, type CommandTable, read, write } from './command'
import { conditionAllows, readAnyDeadline, readCondition } from './expiry'
import { matchesGlob } from './glob'
import { type Keyspace, SortedSet, type Value } from './keyspace'
import { readInteger } from './numbers'
import { type RawReply, RedisError, Status, syntaxError } from './reply'

const NO_KEY = -2
const NO_DEADLINE = -1

function remove(keys: Keyspace, args: readonly string[]): number {
  let removed = 0
  for (const key of args) if (keys.get(key) !== undefined && keys.delete(key)) removed++
  return removed
}

/** EXPIRE and its kin: `unitMs` is 1000 or 1, and a relative time counts from now. */
function expire(name: string, unitMs: number, relative: boolean) {
  return (keys: Keyspace, args: readonly string[]): number => {
    const key = arg(args, 0)
    const condition = readCondition(args.slice(2))
    const deadline = readAnyDeadline(arg(args, 1), unitMs, relative ? keys.time : 0, name)
    if (keys.get(key) === undefined) return 0
    if (!conditionAllows(condition, keys.deadline(key), deadline)) return 0
    if (deadline <= keys.time) keys.delete(key)
    else keys.setDeadline(key, deadline)
    return 1
  }
}

/** Milliseconds that a key has left, or Redis's two negative answers. */
function timeLeftMs(keys: Keyspace, key: string): number {
  if (keys.get(key) === undefined) return NO_KEY
  const deadline = keys.deadline(key)
  return deadline === undefined ? NO_DEADLINE : Math.max(0, deadline - keys.time)
}

function ttl(keys: Keyspace, args: readonly string[]): number {
  const ms = timeLeftMs(keys, arg(args, 0))
  return ms < 0 ? ms : Math.floor((ms + 500) / 1000)
}

function typeName(value: Value | undefined): string {
  if (value === undefined) return 'none'
  if (typeof value === 'string') return 'string'
  if (value instanceof Map) return 'hash'
  return value instanceof SortedSet ? 'zset' : 'set'
}

/** The whole keyspace in one step: Redis lets SCAN answer more than COUNT, and a cursor of 0 ends the scan. */
function scan(keys: Keyspace, args: readonly string[]): RawReply {
  const cursor = arg(args, 0)
  if (!/^-?[0-9]+$/.test(cursor)) throw new RedisError('ERR invalid cursor')
  let pattern = '*'
  let type: string | undefined
  for (let at = 1; at < args.length; at += 2) {
    const option = arg(args, at).toUpperCase()
    const value = args[at + 1]
    if (value === undefined) throw syntaxError()
    if (option === 'MATCH') pattern = value
    else if (option === 'TYPE') type = value.toLowerCase()
    else if (option !== 'COUNT' || readInteger(value) < 1) throw syntaxError()
  }
  const found: string[] = []
  for (const key of keys.keys())
    if (matchesGlob(pattern, key) && (type === undefined || typeName(keys.get(key)) === type)) found.push(key)
  return ['0', found]
}

/** Commands on keys, whatever they hold. */
export const keyCommands: CommandTable = {
  DEL: write(-2, remove),
  UNLINK: write(-2, remove),
  EXISTS: read(-2, (keys, args) => args.filter((key) => keys.get(key) !== undefined).length),
  TYPE: read(2, (keys, args) => new Status(typeName(keys.get(arg(args, 0))))),
  EXPIRE: write(-3, expire('expire', 1000, true)),
  PEXPIRE: write(-3, expire('pexpire', 1, true)),
  EXPIREAT: write(-3, expire('expireat', 1000, false)),
  PEXPIREAT: write(-3, expire('pexpireat', 1, false)),
  PERSIST: write(2, (keys, args) => {
    const key = arg(args, 0)
    return keys.get(key) !== undefined && keys.clearDeadline(key) ? 1 : 0
  }),
  TTL: read(2, ttl),
  PTTL: read(2, (keys, args) => Math.floor(timeLeftMs(keys, arg(args, 0)))),
  KEYS: read(2, (keys, args) => [...keys.keys()].filter((key) => matchesGlob(arg(args, 0), key))),
  SCAN: read(-2, scan),
}
