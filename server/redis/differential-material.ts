import fc from 'fast-check'

const text = (...values: string[]) => fc.constantFrom(...values)

const key = text('a', 'b', 'c:1', 'ключ', '')
const field = text('f', 'g', '1', 'é')
const value = text('0', '1', '-7', '42', '007', ' 1', '1.5', 'x', '', 'é✓', '9223372036854775807', 'a b\r\nc')
const integer = text('1', '-1', '0', '12', '-300', 'x', '1.0', '+1', '9223372036854775807')
const option = text('NX', 'xx', 'GET', 'KEEPTTL', 'EX', 'PX', 'GT', 'lt', 'PERSIST', 'FOO', '100')
const index = text('0', '1', '-1', '-2', '5', '-9', 'x')
const score = text('1', '2', '2.5', '-1', '0.1', 'inf', '-inf', 'x', '', '1e3', 'nan')
// Deadlines are absolute, or so far off that the two clocks cannot disagree about what has expired.
const past = text('1', '1000')
const future = text('4102444800', '33000000000')
const futureMs = text('4102444800000', '33000000000000')
const glob = text('*', 'a*', '?', '[ab]', '[^a]', 'c:[0-9]', '\\a', '[', '[a', '[a-]', '*:*', 'к*', '')

type Parts = Array<fc.Arbitrary<string | string[]>>

function command(name: string, ...parts: Parts): fc.Arbitrary<string[]> {
  return fc.tuple(...parts).map((values) => [name, ...values.flat()])
}

const some = (part: fc.Arbitrary<string | string[]>, maxLength = 3) =>
  fc.array(part, { maxLength }).map((values) => values.flat())
const pair = (...parts: Parts) => fc.tuple(...parts).map((values) => values.flat())

const reads = [
  ...['GET', 'TYPE', 'HGETALL', 'HKEYS', 'HVALS', 'HLEN', 'SMEMBERS', 'SCARD', 'ZCARD', 'EXISTS'].map(
    (name) => command(name, key),
  ),
  command('EXISTS', some(key)),
  command('MGET', some(key)),
  command('HGET', key, field),
  command('HMGET', key, some(field)),
  command('HEXISTS', key, field),
  command('SISMEMBER', key, field),
  command('ZSCORE', key, field),
  command('ZRANGE', key, index, index, some(text('REV', 'WITHSCORES', 'x'), 2)),
  command('KEYS', glob),
  command(
    'SCAN',
    text('0', 'x'),
    some(pair(text('MATCH', 'COUNT', 'TYPE', 'x'), text('*', '1000', 'hash', '0')), 2),
  ),
  command('PING', some(value, 2)),
  command('ECHO', some(value, 2)),
  command('DBSIZE'),
]

const writes = [
  ...['INCR', 'DECR', 'GETDEL', 'PERSIST'].map((name) => command(name, key)),
  command('SET', key, value),
  command('SET', key, value, some(option)),
  command('SET', key, value, text('EXAT'), future, some(text('NX', 'XX', 'GET'), 1)),
  command('SETEX', key, text('100000', '0', '-1', 'x'), value),
  command('PSETEX', key, text('100000000', '0', '-1', 'x'), value),
  command('GETEX', key, some(option, 2)),
  command('GETEX', key, text('PXAT'), futureMs),
  command('MSET', some(value, 5)),
  command('DEL', some(key)),
  command('UNLINK', some(key)),
  command('INCRBY', key, integer),
  command('DECRBY', key, integer),
  command('HSET', key, some(pair(field, value))),
  command('HSET', key, field, value),
  command('HSETNX', key, field, value),
  command('HDEL', key, some(field)),
  command('HINCRBY', key, field, integer),
  command('SADD', key, some(field)),
  command('SREM', key, some(field)),
  command('ZADD', key, some(text('NX', 'XX', 'GT', 'LT', 'CH', 'INCR'), 2), some(pair(score, field))),
  command('ZADD', key, score, field),
  command('ZINCRBY', key, score, field),
  command('ZREM', key, some(field)),
  command(
    'EXPIRE',
    key,
    text('100000', '-1', 'x', '9223372036854775807'),
    some(text('NX', 'XX', 'gt', 'LT', 'x'), 2),
  ),
  command('PEXPIRE', key, text('100000000', '-1', 'x'), some(text('NX', 'XX', 'gt', 'LT', 'x'), 2)),
  command('EXPIREAT', key, fc.oneof(past, future), some(text('NX', 'XX', 'GT', 'LT'), 1)),
  command('PEXPIREAT', key, fc.oneof(past, futureMs), some(text('NX', 'XX', 'GT', 'LT'), 1)),
]

const others = [
  command('TTL', text('nothing')),
  command('NOPE', some(value)),
  command('get', key),
  command('FLUSHDB', some(text('SYNC', 'x'), 1)),
  command('SCRIPT', some(text('EXISTS', 'load', 'FLUSH', 'return 1'), 3)),
  command('EVALSHA', text('e0e1f9fabfc9d4800c877a703b823ac0578ff8db'), text('0', '1', '-1', 'x')),
  command(
    'EVAL',
    text('return {KEYS[1], ARGV[1], #ARGV}', "return redis.call('GET', KEYS[1])"),
    text('1'),
    key,
    some(value),
  ),
  command('EVAL_RO', text("return redis.call('SET', KEYS[1], 'x')"), text('1'), key),
]

/** Schedules of commands, most of them sensible, over a handful of keys that hold changing types. */
export const commandSchedules = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.oneof(...reads) },
    { weight: 8, arbitrary: fc.oneof(...writes) },
    { weight: 1, arbitrary: fc.oneof(...others) },
  ),
  { maxLength: 50 },
)

/** Commands whose replies are lists in no particular order. */
export function isUnordered([name = '']: readonly string[]): boolean {
  return ['SMEMBERS', 'KEYS', 'SCAN'].includes(name)
}

// Not folded at compile time, where Lua 5.1 confuses 0 with -0.
const number = fc
  .oneof(
    fc.integer({ min: -1000, max: 1000 }).map(String),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(String),
    text(
      '60000',
      '1795441445650',
      '1e15',
      '0.5',
      '1e300',
      '0xff',
      '1/0',
      "tonumber('12')",
      "'8'",
      "#'é' + 0",
    ),
  )
  .map((literal) => `N(${literal})`)

/** Lua expressions whose value is text, made of numbers in every way that tells Lua 5.1 from 5.4. */
export const scriptExpressions: fc.Arbitrary<string> = fc.letrec<{ number: string; text: string }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 4 },
    number,
    fc
      .tuple(tie('number'), text('+', '-', '*', '/'), tie('number'))
      .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
    tie('number').map((a) => `math.floor(${a})`),
    tie('number').map((a) => `math.ceil(${a})`),
    fc.tuple(tie('number'), tie('number')).map(([a, b]) => `math.min(${a}, ${b})`),
    tie('number').map((a) => `(- ${a})`),
  ),
  text: fc.oneof(
    { maxDepth: 4 },
    tie('number').map((a) => `tostring(${a})`),
    fc.tuple(tie('number'), tie('number')).map(([a, b]) => `(${a} .. ':' .. ${b})`),
    fc.tuple(tie('text'), tie('number'), tie('text')).map(([a, b, c]) => `(${a} .. ${b} .. ${c})`),
    fc.tuple(tie('number'), tie('number')).map(([a, b]) => `table.concat({${a}, ${b}}, ',')`),
    fc.tuple(tie('number'), tie('number')).map(([a, b]) => `string.format('%s|%5.2f|%%', ${a}, ${b})`),
    tie('number').map((a) => `string.sub(${a}, 1, 7 / 2)`),
    tie('number').map((a) => `redis.call('ECHO', ${a})`),
    tie('number').map((a) => `string.rep(${a}, 2)`),
    tie('text')
      .map((a) => `string.upper(${a}) --[[ .. 1 ]]`)
      .map((a) => `(${a}\n)`),
  ),
})).text
