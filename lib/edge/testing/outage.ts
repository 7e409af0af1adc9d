import type { ServerResponse } from 'node:http'
import type { GateDependencies } from '../gate'
import { edgeDependencies } from '../host'
import { decideKey } from '../limiter'
import { connectRedis } from '../redis'
import { closedPort, type FaultyRedis, openFaultyRedis } from './faulty-redis'
import { edgeEnvOf, type KeySources, type World } from './world'

/** A gate to which something else stands where Redis should be. */
interface Outage {
  deps: GateDependencies
  /** Requests that reached it. */
  asked: unknown[]
  /** Failures that the gate told of. */
  told: unknown[]
}

const opened: FaultyRedis[] = []

/** The world’s gate with another Redis, which answers as told or, with null, is not there; held to the real budget. */
export async function outageOf(
  world: World,
  answer: ((response: ServerResponse) => void) | null,
  sources: Partial<KeySources> = {},
): Promise<Outage> {
  const server = answer ? await openFaultyRedis(answer) : null
  if (server) opened.push(server)
  const url = server?.url ?? (await closedPort())
  const redis = connectRedis(url, 'token')
  const told: unknown[] = []
  const deps = world.gateWith({
    decideKey: (question) => decideKey(redis, question),
    onOutage: (cause) => told.push(cause),
    ...sources,
  })
  const { judgeSession } = edgeDependencies(edgeEnvOf(url, 'token'))
  return { deps: { ...deps, judgeSession }, asked: server?.requests ?? [], told }
}

/** Closes what outageOf has opened since. */
export async function closeOutages(): Promise<void> {
  for (const server of opened.splice(0)) await server.close()
}
