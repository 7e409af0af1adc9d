import { readInteger } from './numbers'
import { RedisError, syntaxError } from './reply'

const LONGEST = 2 ** 63

const invalidExpire = (command: string): RedisError =>
  new RedisError(`ERR invalid expire time in '${command}' command`)

export type ExpiryUnit = 'EX' | 'PX' | 'EXAT' | 'PXAT'

/** The deadline in ms that SET and GETEX mean by `EX 10` and the like. Throws for zero, negative or too far. */
export function readDeadline(unit: ExpiryUnit, text: string, now: number, command: string): number {
  const amount = readInteger(text)
  const ms = unit === 'EX' || unit === 'EXAT' ? amount * 1000 : amount
  const deadline = unit === 'EX' || unit === 'PX' ? ms + now : ms
  if (amount <= 0 || deadline >= LONGEST) throw invalidExpire(command)
  return deadline
}

/** The deadline in ms that EXPIRE and its kin mean, which may lie in the past. Throws when out of 64 bits. */
export function readAnyDeadline(text: string, unitMs: number, basetime: number, command: string): number {
  const ms = readInteger(text) * unitMs
  const deadline = ms + basetime
  if (Math.abs(ms) >= LONGEST || deadline >= LONGEST) {
    if (!(ms === -LONGEST && unitMs === 1)) throw invalidExpire(command)
  }
  return deadline
}

/** When EXPIRE may change a deadline: NX without one, XX with one, GT and LT if it moves that way. */
interface ExpireCondition {
  nx: boolean
  xx: boolean
  gt: boolean
  lt: boolean
}

/** Reads NX, XX, GT, LT behind EXPIRE's time. Throws for unknown or contradicting options. */
export function readCondition(options: readonly string[]): ExpireCondition {
  const condition: ExpireCondition = { nx: false, xx: false, gt: false, lt: false }
  for (const option of options) {
    const name = option.toLowerCase()
    if (name !== 'nx' && name !== 'xx' && name !== 'gt' && name !== 'lt')
      throw new RedisError(`ERR Unsupported option ${option}`)
    condition[name] = true
  }
  const { nx, xx, gt, lt } = condition
  if (nx && (xx || gt || lt))
    throw new RedisError('ERR NX and XX, GT or LT options at the same time are not compatible')
  if (gt && lt) throw new RedisError('ERR GT and LT options at the same time are not compatible')
  return condition
}

/** May a key whose deadline is `current` (undefined: it has none, which counts as forever) get `next`? */
export function conditionAllows(
  condition: ExpireCondition,
  current: number | undefined,
  next: number,
): boolean {
  if (condition.nx && current !== undefined) return false
  if (condition.xx && current === undefined) return false
  if (condition.gt && (current === undefined || next <= current)) return false
  return !(condition.lt && current !== undefined && next >= current)
}

/** What stands behind `SET key value` or `GETEX key`. */
interface StringOptions {
  nx: boolean
  xx: boolean
  get: boolean
  keepDeadline: boolean
  persist: boolean
  expiry?: { unit: ExpiryUnit; text: string }
}

const isUnit = (name: string): name is ExpiryUnit =>
  name === 'EX' || name === 'PX' || name === 'EXAT' || name === 'PXAT'

/** Reads SET's or GETEX's options. Throws a syntax error for unknown, incomplete or contradicting ones. */
export function readStringOptions(args: readonly string[], command: 'set' | 'getex'): StringOptions {
  const options: StringOptions = { nx: false, xx: false, get: false, keepDeadline: false, persist: false }
  for (let at = 0; at < args.length; at++) {
    const name = (args[at] ?? '').toUpperCase()
    const { expiry } = options
    if (command === 'set' && name === 'NX' && !options.xx) options.nx = true
    else if (command === 'set' && name === 'XX' && !options.nx) options.xx = true
    else if (command === 'set' && name === 'GET') options.get = true
    else if (command === 'set' && name === 'KEEPTTL' && !expiry) options.keepDeadline = true
    else if (command === 'getex' && name === 'PERSIST' && !expiry) options.persist = true
    else {
      const text = args[++at]
      const fits = isUnit(name) && (!expiry || expiry.unit === name)
      if (!fits || text === undefined || options.keepDeadline || options.persist) throw syntaxError()
      options.expiry = { unit: name, text }
    }
  }
  return options
}
