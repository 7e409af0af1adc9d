import cluster from 'node:cluster'
import { type IncomingMessage, Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import next from 'next'
import { newId } from '../lib/core/ids'
import { endIndexing, startIndexing } from '../lib/domain/indexer'
import { endSyncing, startSyncing } from '../lib/domain/source-syncer'
import { endOpenStreams } from '../lib/domain/turn-watch'
import { flushUsage } from '../lib/domain/usage-recorder'
import { FLUSH_QUERY, USAGE_PATH } from '../lib/edge/host'
import { INTERNAL_HEADER, signInternalCall } from '../lib/edge/pass'
import type { GateRedis } from '../lib/edge/redis'
import { nodeEnv, type StartEnv } from '../lib/env/node'
import { backgroundSettled, bareCause } from '../lib/store/background'
import { cache } from '../lib/store/cache'
import { closeDb } from '../lib/store/db'
import { nodeHmac } from '../lib/store/hmac'
import { log } from '../lib/store/log'
import { logFailure } from './answer-watch'
import { takeOverConsole } from './console-lines'
import { serverDependencies } from './gate'
import { directRedis } from './gate-redis'
import { listen } from './http'
import { metricsEndpoint } from './metrics-endpoint'
import { watchRuntime } from './metrics-text'
import type { RedisBackend } from './redis/backends'
import { connectDirectly } from './redis/direct-connection'
import { createRequestHandler } from './request'
import { startTracing, type Tracing } from './tracing'

const DRAIN_MS = 25_000
const WARM_UP_MS = 5_000
/** For mails and other work that no answer waited for. */
const BACKGROUND_MS = 5_000

export type Mode = 'start' | 'dev'

/** What tells this process apart from others, and what others lend it. */
export interface ProcessOptions {
  /** As metrics and traces name it. */
  name: string
  /** The Redis stand-in, where it runs in this process. */
  backend?: RedisBackend | undefined
  /** The figures of all processes (server/metrics-exchange.ts). */
  collect(): Promise<string>
}

interface Handler {
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  upgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined
  close: () => Promise<void>
}

/** Next as a request handler. It attaches its own upgrade handling to the server it is told of, so it gets one to itself. */
async function loadNext(env: StartEnv, mode: Mode, root: string): Promise<Handler> {
  const upgrades = new Server()
  const app = next({
    dev: mode === 'dev',
    dir: root,
    hostname: new URL(env.appUrl).hostname,
    port: env.port,
    httpServer: upgrades,
  })
  await app.prepare()
  return {
    handle: app.getRequestHandler(),
    // Hot reloading only: in production nothing is upgraded.
    upgrade: mode === 'dev' ? (...args) => reloading(upgrades, ...args) : undefined,
    close: () => app.close(),
  }
}

/** Next takes its own sockets and leaves all others hanging. */
function reloading(upgrades: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (request.url?.startsWith('/_next/')) upgrades.emit('upgrade', request, socket, head)
  else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
}

function answerStarting(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { 'Retry-After': '1' }).end()
}

/**
 * Serves Twig in this process: Next behind our own entry on the public port, and the same on a loopback port of its own
 * for the calls that the gate makes to this very process.
 * @returns the function that ends it: running answers finish, for 25 seconds at most (a second in development)
 */
export async function serve(
  env: StartEnv,
  mode: Mode,
  root: string,
  { name, backend, collect }: ProcessOptions,
): Promise<() => Promise<void>> {
  let handler: (request: IncomingMessage, response: ServerResponse) => unknown = answerStarting
  const internal = await listen({
    handler: (request, response) => handler(request, response),
    port: 0,
    host: '127.0.0.1',
    exclusive: true,
  })
  process.env.TWIG_INTERNAL_URL = `http://127.0.0.1:${internal.port}`
  // tsx turns them on, and Node would read and keep those of every bundle, and look into them for every error.
  if (mode === 'start') process.setSourceMapsEnabled(false)
  const app = await loadNext(env, mode, root)
  if (mode === 'start') takeOverConsole()
  const redis = env.gate === 'middleware' ? undefined : gateRedis(backend)
  const gate = redis && serverDependencies(redis.redis)
  const { metricsToken: token } = env
  if (token) await watchRuntime()
  const report = (error: unknown, requestId: string) =>
    log().error({ requestId, route: '/metrics', status: 503, cause: bareCause(error) }, 'no figures')
  const metrics = token ? metricsEndpoint({ token, env, collect, report }) : undefined
  const tracing = await tracingOf(env, name)
  const onCrowd = () => log().warn('too many sign in at once; some are turned away')
  const answer = createRequestHandler({
    handle: app.handle,
    gate,
    metrics,
    env,
    onFailure: logFailure,
    onCrowd,
  })
  handler = tracing ? tracing.traced(answer) : answer
  if (mode === 'start') await warmUp()
  startIndexing()
  startSyncing()
  const entry = await listen({
    handler,
    port: env.port,
    takesCrowds: mode === 'start' && !cluster.isWorker,
    tls: env.tls,
    appUrl: env.appUrl,
    upgrade: app.upgrade,
  })
  return async () => {
    const closed = entry.close(mode === 'dev' ? 1_000 : DRAIN_MS)
    endOpenStreams()
    await closed
    if (!gate) await gatherUsage().catch(() => {})
    await internal.close(0)
    await app.close()
    await flushUsage()
    await endSyncing()
    await endIndexing()
    await Promise.race([backgroundSettled(), sleep(BACKGROUND_MS)])
    redis?.close()
    await closeDb()
    await tracing?.close()
  }
}

/** Traces where the operator said where they go; nothing is loaded otherwise. */
async function tracingOf({ traces }: StartEnv, instance: string): Promise<Tracing | undefined> {
  return traces && startTracing({ share: traces.share, instance })
}

/** The gate's own way to Redis: a connection of Redis's own protocol, the stand-in in this process, or REST like everybody's. */
function gateRedis(backend: RedisBackend | undefined): { redis: GateRedis; close: () => void } {
  const url = process.env.TWIG_DIRECT_REDIS_URL
  if (!url) return { redis: backend ? directRedis(backend) : cache(), close: () => {} }
  const own = connectDirectly(url)
  return { redis: directRedis(own), close: own.close }
}

/** An empty batch goes through the middleware like any, which hands over what it holds before it lets it pass. */
async function gatherUsage(): Promise<void> {
  const body = JSON.stringify({ id: newId('batch'), events: [] })
  const hmac = nodeHmac(nodeEnv().secrets.gatewaySecret)
  const signature = signInternalCall(USAGE_PATH, body, hmac, Math.floor(Date.now() / 1000))
  await fetch(`${process.env.TWIG_INTERNAL_URL}${USAGE_PATH}?${FLUSH_QUERY}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', [INTERNAL_HEADER]: signature },
    body,
    signal: AbortSignal.timeout(WARM_UP_MS),
  })
}

/** The first request loads the gate, a route and the way to Postgres, more than a caller's 300 ms; better ours than theirs. */
async function warmUp(): Promise<void> {
  const signal = AbortSignal.timeout(WARM_UP_MS)
  await fetch(`${process.env.TWIG_INTERNAL_URL}/readyz`, { signal }).catch(() => {})
}
