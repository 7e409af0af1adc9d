import { arg, type CommandTable, read, write } from './command'
import { type ExpiryUnit, readDeadline, readStringOptions } from './expiry'
import type { Keyspace } from './keyspace'
import { addInt64, parseInt64 } from './numbers'
import { notAnInteger, OK, RedisError, wrongArity } from './reply'

const get = (keys: Keyspace, key: string): string | null => keys.string(key) ?? null

function set(keys: Keyspace, args: readonly string[]): string | typeof OK | null {
  const key = arg(args, 0)
  const { nx, xx, get: wanted, keepDeadline, expiry } = readStringOptions(args.slice(2), 'set')
  const deadline = expiry && readDeadline(expiry.unit, expiry.text, keys.time, 'set')
  const old = wanted ? get(keys, key) : null
  const present = keys.get(key) !== undefined
  if ((nx && present) || (xx && !present)) return old
  keys.put(key, arg(args, 1), keepDeadline)
  if (deadline !== undefined) keys.setDeadline(key, deadline)
  return wanted ? old : OK
}

function setWithExpiry(unit: ExpiryUnit, command: string) {
  return (keys: Keyspace, args: readonly string[]) => {
    const deadline = readDeadline(unit, arg(args, 1), keys.time, command)
    keys.put(arg(args, 0), arg(args, 2))
    keys.setDeadline(arg(args, 0), deadline)
    return OK
  }
}

function getex(keys: Keyspace, args: readonly string[]): string | null {
  const key = arg(args, 0)
  const { expiry, persist } = readStringOptions(args.slice(1), 'getex')
  const value = get(keys, key)
  if (value === null) return null
  if (persist) keys.clearDeadline(key)
  if (expiry) {
    const deadline = readDeadline(expiry.unit, expiry.text, keys.time, 'getex')
    if (deadline <= keys.time) keys.delete(key)
    else keys.setDeadline(key, deadline)
  }
  return value
}

function getdel(keys: Keyspace, args: readonly string[]): string | null {
  const value = get(keys, arg(args, 0))
  if (value !== null) keys.delete(arg(args, 0))
  return value
}

function mget(keys: Keyspace, args: readonly string[]): Array<string | null> {
  return args.map((key) => {
    const value = keys.get(key)
    return typeof value === 'string' ? value : null
  })
}

function mset(keys: Keyspace, args: readonly string[]) {
  if (args.length % 2 !== 0) throw wrongArity('mset')
  for (let at = 0; at < args.length; at += 2) keys.put(arg(args, at), arg(args, at + 1))
  return OK
}

function increment(keys: Keyspace, key: string, delta: bigint): number {
  const current = parseInt64(keys.string(key) ?? '0')
  if (current === undefined) throw notAnInteger()
  const sum = addInt64(current, delta)
  keys.put(key, String(sum), true)
  return Number(sum)
}

function incrementBy(sign: 1n | -1n) {
  return (keys: Keyspace, args: readonly string[]) => {
    const delta = parseInt64(arg(args, 1))
    if (delta === undefined) throw notAnInteger()
    if (sign === -1n && delta === -(2n ** 63n)) throw new RedisError('ERR decrement would overflow')
    return increment(keys, arg(args, 0), sign * delta)
  }
}

/** Commands on plain values. */
export const stringCommands: CommandTable = {
  GET: read(2, (keys, args) => get(keys, arg(args, 0))),
  SET: write(-3, set),
  SETEX: write(4, setWithExpiry('EX', 'setex')),
  PSETEX: write(4, setWithExpiry('PX', 'psetex')),
  GETDEL: write(2, getdel),
  GETEX: write(-2, getex),
  MGET: read(-2, mget),
  MSET: write(-3, mset),
  INCR: write(2, (keys, args) => increment(keys, arg(args, 0), 1n)),
  DECR: write(2, (keys, args) => increment(keys, arg(args, 0), -1n)),
  INCRBY: write(3, incrementBy(1n)),
  DECRBY: write(3, incrementBy(-1n)),
}
