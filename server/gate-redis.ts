import { withinBudget } from '../lib/edge/budget'
import { type GateRedis, REDIS_BUDGET_MS, tooLate } from '../lib/edge/redis'
import type { IoredisBackend, RedisBackend } from './redis/backends'

/** What is in this process answers at once; whatever is elsewhere gets the gate's budget, and no layers between. */
function executor(backend: Pick<RedisBackend, 'execute'> | IoredisBackend) {
  if (!('connection' in backend)) return (command: string[]) => backend.execute(command)
  const { connection } = backend
  return ([name = '', ...args]: string[]) =>
    withinBudget(connection.call(name, args), REDIS_BUDGET_MS, tooLate)
}

/** The gate's commands by a direct way: to the stand-in in this process, or over a connection of Redis's own protocol. */
export function directRedis(backend: Pick<RedisBackend, 'execute'> | IoredisBackend): GateRedis {
  const execute = executor(backend)
  const evaluate =
    (name: string) =>
    (script: string, keys: string[], args: unknown[] = []) =>
      execute([name, script, String(keys.length), ...keys, ...args.map(String)])
  const set = (key: string, value: unknown, { ex }: { ex?: number } = {}) =>
    execute(['SET', key, String(value), ...(ex === undefined ? [] : ['EX', String(ex)])])
  const get = (key: string) => execute(['GET', key])
  return { evalsha: evaluate('EVALSHA'), eval: evaluate('EVAL'), get, set } as GateRedis
}
