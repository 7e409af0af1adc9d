import { afterAll, describe, expect, test } from 'vitest'
import { run, script } from '../lib/edge/redis'
import { directRedis } from './gate-redis'
import { memoryBackend } from './redis/backends'

const clock = { nowMs: 1_800_000_000_000 }
const backend = await memoryBackend({ now: () => clock.nowMs })
const commands: (readonly string[])[] = []
const redis = directRedis({
  execute: (command) => {
    commands.push(command)
    return backend.execute(command)
  },
})
afterAll(() => backend.close())

describe('the gate’s direct way to Redis', () => {
  test.each(['1', 'null', '{"a":1}', '', 'ü 李 👩🏽‍💻'])('keeps %j as the text it is', async (value) => {
    await redis.set('value', value)
    expect(await redis.get('value')).toBe(value)
  })

  test('knows what is missing, and lets values end', async () => {
    expect(await redis.get('nothing')).toBeNull()
    await redis.set('short', 'x', { ex: 10 })
    clock.nowMs += 9_999
    expect(await redis.get('short')).toBe('x')
    clock.nowMs += 2
    expect(await redis.get('short')).toBeNull()
  })

  test('runs a script by its digest, with its text only where Redis does not know it', async () => {
    const echo = script('return {KEYS[1], ARGV[1], ARGV[2]}')
    commands.length = 0
    for (let i = 0; i < 3; i++) expect(await run(redis, echo, ['k'], ['1', 'ü'])).toEqual(['k', '1', 'ü'])
    expect(commands.map(([name]) => name)).toEqual(['EVALSHA', 'EVAL', 'EVALSHA', 'EVALSHA'])
  })

  test('fails as Redis fails', async () => {
    await expect(run(redis, script("return redis.call('NOTHING')"), [], [])).rejects.toThrow()
    const away = { execute: () => Promise.reject(new Error('away')) }
    await expect(directRedis(away).get('x')).rejects.toThrow('away')
  })
})
