import type { GateRedis } from '../lib/edge/redis'
import type { RedisBackend } from './redis/backends'

/** The gate's commands by a direct way: to the stand-in in this process, or over a connection of Redis's own protocol. */
export function directRedis({ execute }: Pick<RedisBackend, 'execute'>): GateRedis {
  const evaluate =
    (name: string) =>
    (script: string, keys: string[], args: unknown[] = []) =>
      execute([name, script, String(keys.length), ...keys, ...args.map(String)])
  const set = (key: string, value: unknown, { ex }: { ex?: number } = {}) =>
    execute(['SET', key, String(value), ...(ex === undefined ? [] : ['EX', String(ex)])])
  const get = (key: string) => execute(['GET', key])
  return { evalsha: evaluate('EVALSHA'), eval: evaluate('EVAL'), get, set } as GateRedis
}
