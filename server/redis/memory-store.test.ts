import { beforeEach, describe, expect, test, vi } from 'vitest'
import { MemoryStore } from './memory-store'

// A busy machine is slow, not wrong.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let now = 0
let store: MemoryStore

beforeEach(async () => {
  now = 1_800_000_000_000
  store = await MemoryStore.open({ now: () => now })
})

const run = (...command: string[]) => store.execute(command)

describe('a deadline', () => {
  test.each([
    ['SET', 'k', 'v', 'EX', '10'],
    ['SET', 'k', 'v', 'PX', '10000'],
    ['SET', 'k', 'v', 'EXAT', '1800000010'],
    ['SET', 'k', 'v', 'PXAT', '1800000010000'],
    ['SETEX', 'k', '10', 'v'],
    ['PSETEX', 'k', '10000', 'v'],
  ])('set by %s %s %s %s holds to its last millisecond and no longer', (...command) => {
    expect(run(...command)).toBe('OK')
    expect(run('PTTL', 'k')).toBe(10_000)
    now += 10_000
    expect(run('GET', 'k')).toBe('v')
    expect(run('PTTL', 'k')).toBe(0)
    now += 1
    expect(run('GET', 'k')).toBeNull()
    expect(run('PTTL', 'k')).toBe(-2)
    expect(store.size).toBe(0)
  })

  test('is told in seconds rounded to the nearest', () => {
    run('SET', 'k', 'v', 'PX', '1500')
    expect(run('TTL', 'k')).toBe(2)
    now += 1
    expect(run('TTL', 'k')).toBe(1)
    expect(run('PERSIST', 'k')).toBe(1)
    expect(run('TTL', 'k')).toBe(-1)
  })

  test('goes with a plain SET and MSET, and stays with KEEPTTL, INCR and HSET', () => {
    run('SET', 'n', '1', 'EX', '10')
    run('INCR', 'n')
    run('SET', 'n', '5', 'KEEPTTL')
    expect(run('TTL', 'n')).toBe(10)
    run('MSET', 'n', '6')
    expect(run('TTL', 'n')).toBe(-1)
    run('HSET', 'h', 'f', '1')
    run('EXPIRE', 'h', '10')
    run('HSET', 'h', 'g', '1')
    expect(run('TTL', 'h')).toBe(10)
    run('SET', 'h', 'text')
    expect(run('TTL', 'h')).toBe(-1)
  })

  test('moves only as NX, XX, GT and LT allow', () => {
    run('SET', 'k', 'v')
    expect(run('EXPIRE', 'k', '10', 'XX')).toBe(0)
    expect(run('EXPIRE', 'k', '10', 'GT')).toBe(0)
    expect(run('EXPIRE', 'k', '10', 'NX')).toBe(1)
    expect(run('EXPIRE', 'k', '20', 'NX')).toBe(0)
    expect(run('EXPIRE', 'k', '5', 'GT')).toBe(0)
    expect(run('EXPIRE', 'k', '20', 'LT')).toBe(0)
    expect(run('PEXPIRE', 'k', '20000', 'gt')).toBe(1)
    expect(run('PEXPIREAT', 'k', String(now + 1000), 'xx', 'lt')).toBe(1)
    expect(run('PTTL', 'k')).toBe(1000)
  })

  test('in the past removes the key at once', () => {
    run('MSET', 'a', '1', 'b', '2')
    expect(run('EXPIRE', 'a', '-1')).toBe(1)
    expect(run('EXPIREAT', 'b', '1')).toBe(1)
    expect(run('DBSIZE')).toBe(0)
  })

  test('that has passed leaves nothing behind of a hash, a set or a list of keys', () => {
    run('HSET', 'h', 'f', '1')
    run('SADD', 's', 'm')
    run('SET', 'stays', '1')
    for (const key of ['h', 's']) run('PEXPIRE', key, '10')
    now += 11
    expect(run('KEYS', '*')).toEqual(['stays'])
    expect(run('SCAN', '0', 'MATCH', '*', 'COUNT', '10')).toEqual(['0', ['stays']])
    expect(run('EXISTS', 'h', 's', 'stays')).toBe(1)
    expect(run('HINCRBY', 'h', 'n', '1')).toBe(1)
    expect(run('HGETALL', 'h')).toEqual(['n', '1'])
    expect(run('TYPE', 's')).toBe('none')
  })

  test('frees the memory of keys that nobody asks for again', () => {
    let most = 0
    for (let index = 0; index < 20_000; index++) {
      now += 1
      run('SET', `once:${index}`, 'v', 'PX', '100')
      most = Math.max(most, store.size)
    }
    expect(most).toBeLessThan(250)
  })

  test('frees that memory too when only scripts write', () => {
    const script = "redis.call('HSET', KEYS[1], 'n', 1) redis.call('PEXPIRE', KEYS[1], 100)"
    let most = 0
    for (let index = 0; index < 3_000; index++) {
      now += 1
      run('EVAL', script, '1', `once:${index}`)
      most = Math.max(most, store.size)
    }
    expect(most).toBeLessThan(250)
  })
})

describe('a command', () => {
  test.each([
    [['GET'], "ERR wrong number of arguments for 'get' command"],
    [['NOPE', 'a', 'b'], "ERR unknown command 'NOPE', with args beginning with: 'a' 'b' "],
    [['CONFIG', 'GET', '*'], "ERR unknown command 'CONFIG', with args beginning with: 'GET' '*' "],
    [['constructor'], "ERR unknown command 'constructor', with args beginning with: "],
    [['SET', 'k', 'v', 'EX', '0'], "ERR invalid expire time in 'set' command"],
    [['SET', 'k', 'v', 'NX', 'XX'], 'ERR syntax error'],
    [['HGET', 'text', 'f'], 'WRONGTYPE Operation against a key holding the wrong kind of value'],
    [['INCR', 'text'], 'ERR value is not an integer or out of range'],
    [['MSET', 'a'], "ERR wrong number of arguments for 'mset' command"],
    [
      ['EXPIRE', 'text', '1', 'NX', 'GT'],
      'ERR NX and XX, GT or LT options at the same time are not compatible',
    ],
    [
      ['EVALSHA', 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db', '0'],
      'NOSCRIPT No matching script. Please use EVAL.',
    ],
    [['EVAL', 'return 1', '2', 'k'], "ERR Number of keys can't be greater than number of args"],
    [['SCRIPT', 'KILL'], "ERR unknown subcommand 'KILL'. Try SCRIPT HELP."],
  ])('%j fails with Redis 7’s own words', (command, message) => {
    run('SET', 'text', 'x')
    expect(() => run(...command)).toThrow(new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`))
  })

  test('counts bytes, not characters, and gives every text back as it was', () => {
    const text = 'é✓😀\0\r\n'
    run('SET', text, text)
    expect(run('GET', text)).toBe(text)
    expect(run('EVAL', "return #redis.call('GET', KEYS[1])", '1', text)).toBe(Buffer.byteLength(text))
    expect(run('KEYS', 'é*')).toEqual([text])
    run('DEL', text)
    run('SET', 'é', '1')
    expect(run('KEYS', '?')).toEqual([])
  })

  test('tells the time of the clock that was passed in', () => {
    now = 1_800_000_000_123.5
    expect(run('TIME')).toEqual(['1800000000', '123500'])
  })
})

describe('a transaction', () => {
  test('runs every command, an error among them stopping none', () => {
    expect(
      store.transaction([
        ['SET', 'k', 'v'],
        ['INCR', 'k'],
        ['GET', 'k'],
      ]),
    ).toEqual([{ result: 'OK' }, { error: 'ERR value is not an integer or out of range' }, { result: 'v' }])
  })

  test('runs nothing when one command is malformed', () => {
    const message = 'EXECABORT Transaction discarded because of previous errors.'
    expect(() => store.transaction([['SET', 'k', 'v'], ['GET']])).toThrow(message)
    expect(() => store.transaction([['SET', 'k', 'v'], ['NOPE']])).toThrow(message)
    expect(run('GET', 'k')).toBeNull()
  })

  test('sees one instant throughout', async () => {
    let ticking = 1000
    const ticks = await MemoryStore.open({ now: () => ticking++ })
    const [first, second] = ticks.transaction([['TIME'], ['TIME']])
    expect(first).toEqual(second)
    expect(ticks.execute(['EVAL', "return redis.call('TIME')[2] == redis.call('TIME')[2]", '0'])).toBe(1)
  })
})
