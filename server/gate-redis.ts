import { withinBudget } from '../lib/edge/budget'
import { type GateRedis, REDIS_BUDGET_MS } from '../lib/edge/redis'
import type { RedisBackend } from './redis/backends'

function late(): Error {
  return new DOMException('Redis took too long', 'TimeoutError')
}

/** The gate's commands by a direct way: to the stand-in in this process, or over a connection of Redis's own protocol. */
export function directRedis(backend: Pick<RedisBackend, 'execute'>): GateRedis {
  const execute = (command: string[]) => withinBudget(backend.execute(command), REDIS_BUDGET_MS, late)
  const evaluate =
    (name: string) =>
    (script: string, keys: string[], args: unknown[] = []) =>
      execute([name, script, String(keys.length), ...keys, ...args.map(String)])
  const set = (key: string, value: unknown, { ex }: { ex?: number } = {}) =>
    execute(['SET', key, String(value), ...(ex === undefined ? [] : ['EX', String(ex)])])
  const get = (key: string) => execute(['GET', key])
  return { evalsha: evaluate('EVALSHA'), eval: evaluate('EVAL'), get, set } as GateRedis
}
