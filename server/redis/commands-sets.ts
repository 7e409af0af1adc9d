import { arg, type CommandTable, read, write } from './command'
import { type Keyspace, SortedSet } from './keyspace'
import { formatDouble, readInteger, readScore } from './numbers'
import { RedisError, syntaxError } from './reply'

function sadd(keys: Keyspace, args: readonly string[]): number {
  const members = keys.members(arg(args, 0)) ?? keys.put(arg(args, 0), new Set<string>())
  const before = members.size
  for (const member of args.slice(1)) members.add(member)
  return members.size - before
}

function srem(keys: Keyspace, args: readonly string[]): number {
  const members = keys.members(arg(args, 0))
  if (!members) return 0
  const before = members.size
  for (const member of args.slice(1)) members.delete(member)
  keys.deleteIfEmpty(arg(args, 0), members.size)
  return before - members.size
}

const score = (value: number): string => formatDouble(value, 17)

function addScores(left: number, right: number): number {
  const sum = left + right
  if (Number.isNaN(sum)) throw new RedisError('ERR resulting score is not a number (NaN)')
  return sum
}

interface ZaddOptions {
  nx: boolean
  xx: boolean
  gt: boolean
  lt: boolean
  ch: boolean
  incr: boolean
}

const isOption = (name: string): name is keyof ZaddOptions =>
  ['nx', 'xx', 'gt', 'lt', 'ch', 'incr'].includes(name)

function readZadd(args: readonly string[]): { options: ZaddOptions; pairs: Array<[string, number]> } {
  const options: ZaddOptions = { nx: false, xx: false, gt: false, lt: false, ch: false, incr: false }
  let at = 1
  for (; at < args.length; at++) {
    const name = arg(args, at).toLowerCase()
    if (!isOption(name)) break
    options[name] = true
  }
  const rest = args.slice(at)
  if (rest.length === 0 || rest.length % 2 !== 0) throw syntaxError()
  const { nx, xx, gt, lt, incr } = options
  if (nx && xx) throw new RedisError('ERR XX and NX options at the same time are not compatible')
  if ((gt && (nx || lt)) || (lt && nx))
    throw new RedisError('ERR GT, LT, and/or NX options at the same time are not compatible')
  if (incr && rest.length > 2)
    throw new RedisError('ERR INCR option supports a single increment-element pair')
  const pairs: Array<[string, number]> = []
  for (let index = 0; index < rest.length; index += 2)
    pairs.push([arg(rest, index + 1), readScore(arg(rest, index))])
  return { options, pairs }
}

function zadd(keys: Keyspace, args: readonly string[]): number | string | null {
  const key = arg(args, 0)
  const { options, pairs } = readZadd(args)
  const existing = keys.sortedSet(key)
  if (!existing && options.xx) return options.incr ? null : 0
  const set = existing ?? new SortedSet()
  let added = 0
  let changed = 0
  let last: number | null = null
  for (const [member, amount] of pairs) {
    const current = set.scores.get(member)
    if (current === undefined ? options.xx : options.nx) continue
    const next = options.incr && current !== undefined ? addScores(current, amount) : amount
    if (current !== undefined && ((options.gt && next <= current) || (options.lt && next >= current)))
      continue
    set.scores.set(member, next)
    if (current === undefined) added++
    else if (current !== next) changed++
    last = next
  }
  if (!existing && set.scores.size > 0) keys.put(key, set)
  if (options.incr) return last === null ? null : score(last)
  return options.ch ? added + changed : added
}

function zincrby(keys: Keyspace, args: readonly string[]): string {
  const [key, member] = [arg(args, 0), arg(args, 2)]
  const amount = readScore(arg(args, 1))
  const set = keys.sortedSet(key) ?? keys.put(key, new SortedSet())
  const next = addScores(set.scores.get(member) ?? 0, amount)
  set.scores.set(member, next)
  return score(next)
}

function zrem(keys: Keyspace, args: readonly string[]): number {
  const set = keys.sortedSet(arg(args, 0))
  if (!set) return 0
  const before = set.scores.size
  for (const member of args.slice(1)) set.scores.delete(member)
  keys.deleteIfEmpty(arg(args, 0), set.scores.size)
  return before - set.scores.size
}

/** ZRANGE by index only, with REV and WITHSCORES. */
function zrange(keys: Keyspace, args: readonly string[]): string[] {
  let [reversed, withScores] = [false, false]
  for (const option of args.slice(3).map((name) => name.toUpperCase())) {
    if (option === 'WITHSCORES') withScores = true
    else if (option === 'REV' && !reversed) reversed = true
    else throw syntaxError()
  }
  const [start, stop] = [readInteger(arg(args, 1)), readInteger(arg(args, 2))]
  const entries = [...(keys.sortedSet(arg(args, 0))?.scores ?? [])]
  entries.sort(([a, left], [b, right]) => (left === right ? (a < b ? -1 : 1) : left - right))
  if (reversed) entries.reverse()
  const from = start < 0 ? Math.max(0, entries.length + start) : start
  const to = stop < 0 ? entries.length + stop : stop
  const range = entries.slice(from, Math.max(0, to + 1))
  return range.flatMap(([member, value]) => (withScores ? [member, score(value)] : [member]))
}

/** Commands on sets and sorted sets. */
export const setCommands: CommandTable = {
  SADD: write(-3, sadd),
  SREM: write(-3, srem),
  SMEMBERS: read(2, (keys, args) => [...(keys.members(arg(args, 0)) ?? [])]),
  SISMEMBER: read(3, (keys, args) => (keys.members(arg(args, 0))?.has(arg(args, 1)) ? 1 : 0)),
  SCARD: read(2, (keys, args) => keys.members(arg(args, 0))?.size ?? 0),
  ZADD: write(-4, zadd),
  ZINCRBY: write(4, zincrby),
  ZREM: write(-3, zrem),
  ZCARD: read(2, (keys, args) => keys.sortedSet(arg(args, 0))?.scores.size ?? 0),
  ZSCORE: read(3, (keys, args) => {
    const value = keys.sortedSet(arg(args, 0))?.scores.get(arg(args, 1))
    return value === undefined ? null : score(value)
  }),
  ZRANGE: read(-4, zrange),
}
