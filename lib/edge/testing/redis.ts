import { memoryBackend, type RedisBackend } from '../../../server/redis/backends'
import { startRestServer } from '../../../server/redis/rest-server'
import { connectRedis, type GateRedis } from '../redis'

/** A Redis for tests: real Lua behind the real protocol and client, on a clock that the test moves. */
export interface TestRedis {
  /** The gate's own client. */
  redis: GateRedis
  url: string
  token: string
  /** Redis's clock. */
  clock: { nowMs: number }
  /** Every HTTP request so far, each with its commands. */
  requests: string[][][]
  /** Runs a command behind the gate's back. */
  execute: RedisBackend['execute']
  close(): Promise<void>
}

/** A busy machine is no outage: only the tests of outages hold the client to its real budget. */
export const PATIENCE_MS = 10_000

/** Opens an empty Redis on a free loopback port, its clock at 2027-01-15T08:00:00Z. */
export async function openTestRedis(): Promise<TestRedis> {
  const clock = { nowMs: 1_800_000_000_000 }
  const requests: string[][][] = []
  const token = 'a token of the tests'
  const backend = await memoryBackend({ now: () => clock.nowMs })
  const server = await startRestServer({ backend, token, onCommands: (commands) => requests.push(commands) })
  return {
    redis: connectRedis(server.url, token, { budgetMs: PATIENCE_MS }),
    url: server.url,
    token,
    clock,
    requests,
    execute: (command) => backend.execute(command),
    close: async () => {
      await server.close()
      await backend.close()
    },
  }
}
