import { notAnInteger, RedisError } from './reply'

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/** One of Redis's signed 64-bit integers, exactly; undefined for any other text (spaces, `01`, `+1`, `1.0`). */
export function parseInt64(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined
  const value = BigInt(text)
  return value > INT64_MAX || value < INT64_MIN ? undefined : value
}

/** An integer argument as a number (rounded above 2^53). Throws Redis's error for anything else. */
export function readInteger(text: string): number {
  if (text.length > 15) {
    const value = parseInt64(text)
    if (value === undefined) throw notAnInteger()
    return Number(value)
  }
  if (!INTEGER.test(text)) throw notAnInteger()
  return Number(text)
}

/** `current + delta` as Redis stores it, refusing to leave 64 bits. Throws when the sum would. */
export function addInt64(current: bigint, delta: bigint): bigint {
  const sum = current + delta
  if (sum > INT64_MAX || sum < INT64_MIN) throw new RedisError('ERR increment or decrement would overflow')
  return sum
}

/** A number as C's `%.<digits>g` prints it: what Redis does to a double, and Lua 5.1 to any number. */
export function formatDouble(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (Number.isInteger(value) && Math.abs(value) < 10 ** Math.min(digits, 15)) return String(value)
  const [mantissa = '', power = '0'] = value.toExponential(digits - 1).split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < digits) return trimZeros(value.toFixed(digits - 1 - exponent))
  const sign = exponent < 0 ? '-' : '+'
  return `${trimZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)$/
const INFINITE = /^([+-]?)inf(?:inity)?$/i

/** A sorted set's score. Throws Redis's error for text that is no number, NaN, or past a double's range. */
export function readScore(text: string): number {
  const infinite = INFINITE.exec(text)
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity
  const value = FLOAT.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) throw new RedisError('ERR value is not a valid float')
  return value
}
