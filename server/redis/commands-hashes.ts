import { arg, type CommandTable, read, write } from './command'
import type { Hash, Keyspace } from './keyspace'
import { addInt64, parseInt64 } from './numbers'
import { notAnInteger, RedisError, wrongArity } from './reply'

const hashToWrite = (keys: Keyspace, key: string): Hash => keys.hash(key) ?? keys.put<Hash>(key, new Map())

function hset(keys: Keyspace, args: readonly string[]): number {
  if (args.length % 2 === 0) throw wrongArity('hset')
  const hash = hashToWrite(keys, arg(args, 0))
  const before = hash.size
  for (let at = 1; at < args.length; at += 2) hash.set(arg(args, at), arg(args, at + 1))
  return hash.size - before
}

function hsetnx(keys: Keyspace, args: readonly string[]): number {
  if (keys.hash(arg(args, 0))?.has(arg(args, 1))) return 0
  hashToWrite(keys, arg(args, 0)).set(arg(args, 1), arg(args, 2))
  return 1
}

function hmget(keys: Keyspace, args: readonly string[]): Array<string | null> {
  const hash = keys.hash(arg(args, 0))
  return args.slice(1).map((field) => hash?.get(field) ?? null)
}

function hdel(keys: Keyspace, args: readonly string[]): number {
  const hash = keys.hash(arg(args, 0))
  if (!hash) return 0
  const before = hash.size
  for (const field of args.slice(1)) hash.delete(field)
  keys.deleteIfEmpty(arg(args, 0), hash.size)
  return before - hash.size
}

function hincrby(keys: Keyspace, args: readonly string[]): number {
  const delta = parseInt64(arg(args, 2))
  if (delta === undefined) throw notAnInteger()
  const current = parseInt64(keys.hash(arg(args, 0))?.get(arg(args, 1)) ?? '0')
  if (current === undefined) throw new RedisError('ERR hash value is not an integer')
  const sum = addInt64(current, delta)
  hashToWrite(keys, arg(args, 0)).set(arg(args, 1), String(sum))
  return Number(sum)
}

/** Commands on hashes; fields keep the order in which they were first set. */
export const hashCommands: CommandTable = {
  HSET: write(-4, hset),
  HSETNX: write(4, hsetnx),
  HGET: read(3, (keys, args) => keys.hash(arg(args, 0))?.get(arg(args, 1)) ?? null),
  HMGET: read(-3, hmget),
  HGETALL: read(2, (keys, args) => [...(keys.hash(arg(args, 0)) ?? [])].flat()),
  HKEYS: read(2, (keys, args) => [...(keys.hash(arg(args, 0))?.keys() ?? [])]),
  HVALS: read(2, (keys, args) => [...(keys.hash(arg(args, 0))?.values() ?? [])]),
  HDEL: write(-3, hdel),
  HEXISTS: read(3, (keys, args) => (keys.hash(arg(args, 0))?.has(arg(args, 1)) ? 1 : 0)),
  HLEN: read(2, (keys, args) => keys.hash(arg(args, 0))?.size ?? 0),
  HINCRBY: write(4, hincrby),
}
