import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { type NextFetchEvent, NextRequest } from 'next/server'
import { vi } from 'vitest'
import { type Listening, listen } from '../../../server/http'
import { createRequestHandler } from '../../../server/request'
import { type Platform, startPlatform } from '../../../worker/testing/workerd'
import { passOn } from '../../testing/pass-on'
import { INTERNAL_HEADER, isInternalCall, PASS_HEADER, readPass } from '../pass'
import { openFaultyRedis } from './faulty-redis'
import { openNextStandIn, type Reached } from './next-stand-in'
import { APP_URL, edgeEnvOf, type World } from './world'

/** The hosts of the gate: in front of Next in server/, Next's middleware alone, and the Worker before a server. */
export const HOSTS = ['server', 'middleware', 'worker'] as const
type HostName = (typeof HOSTS)[number]

/** An answer over the wire. */
interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** The hosts over one world, each a real HTTP server. */
export interface Hosts {
  port(host: HostName): number
  /** Sends the path as it is, which fetch would not. */
  send(host: HostName, method: string, path: string, headers?: Record<string, string>): Promise<Answer>
  /** What came through to pages and routes so far. */
  reached: Reached[]
  /** The pass with which the last request came through; null when it had none that is ours. */
  lastPass(): ReturnType<typeof readPass>
  /** Resolves when the middleware has told all that it recorded; returns the batches that came so far. */
  told(): Promise<unknown[]>
  /** Sends to the server behind the Worker, past the Worker. */
  sendPast(method: string, path: string, headers?: Record<string, string>): Promise<Answer>
  close(): Promise<void>
}

/** The middleware of a process that runs with TWIG_GATE=worker. */
async function middlewareBehindWorker(): Promise<typeof import('../../../middleware').middleware> {
  vi.stubEnv('TWIG_GATE', 'worker')
  vi.resetModules()
  const { middleware } = await import('../../../middleware')
  // It reads its environment when it is first asked.
  const event = { waitUntil: () => {} } as unknown as NextFetchEvent
  await middleware(new NextRequest(`${APP_URL}/login`), event)
  vi.stubEnv('TWIG_GATE', undefined)
  return middleware
}

/**
 * Opens all hosts; the middleware's configuration is that of the process until vitest unstubs it.
 * @param takesClaims whether callers may say in X-Forwarded-For where they are, as if a proxy of ours did
 */
export async function openHosts(world: World, { takesClaims = false } = {}): Promise<Hosts> {
  const trustedProxyHops = takesClaims ? 1 : 0
  const deps = { ...world.deps, trustedProxyHops }
  const batches: unknown[] = []
  const nowSeconds = () => Math.floor(Date.now() / 1000)
  const internal = await openFaultyRedis(async (response, body) => {
    const call = internal.requests.find((request) => request.body === body)
    const path = call?.path ?? ''
    const token = String(call?.headers[INTERNAL_HEADER])
    if (!isInternalCall(token, path, body, deps.gatewayHmac, nowSeconds())) {
      response.writeHead(404).end()
    } else if (path === '/api/internal/verify-key') {
      const { credential, proved } = JSON.parse(body)
      response.end(JSON.stringify(await world.verifyKey(credential, proved)))
    } else {
      batches.push(JSON.parse(body))
      response.writeHead(204).end()
    }
  })
  const env = edgeEnvOf(world.url, world.token)
  vi.stubEnv('APP_URL', APP_URL)
  vi.stubEnv('TWIG_SESSION_SECRET', env.sessionSecret)
  vi.stubEnv('TWIG_KEY_PEPPER', env.keyPepper)
  vi.stubEnv('TWIG_GATEWAY_SECRET', env.gatewaySecret)
  vi.stubEnv('UPSTASH_REDIS_REST_URL', world.url)
  vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', world.token)
  vi.stubEnv('TWIG_INTERNAL_URL', internal.url)
  vi.stubEnv('TWIG_SERVER', '1')
  vi.stubEnv('TRUSTED_PROXY_HOPS', String(trustedProxyHops))

  const reached: Reached[] = []
  const next = openNextStandIn(reached)
  type Options = Partial<Parameters<typeof createRequestHandler>[0]>
  const open = (options: Options, gate?: 'worker'): Promise<Listening> => {
    const env = { appUrl: APP_URL, trustedProxyHops, ...(gate && { gate }) }
    return listen({
      handler: createRequestHandler({ handle: next.handle, env, ...options }),
      port: 0,
      host: '127.0.0.1',
    })
  }
  const behind = openNextStandIn(reached, await middlewareBehindWorker())
  const origin = await open(
    {
      handle: (request, response) =>
        request.url?.startsWith('/api/internal/')
          ? passOn(request, response, { port: new URL(internal.url).port })
          : behind.handle(request, response),
      gate: { ...deps, demandsPass: true, nowMs: Date.now },
    },
    'worker',
  )
  const platform = await startPlatform({
    takesClaims,
    bindings: {
      APP_URL,
      TWIG_ORIGINS: `http://127.0.0.1:${origin.port}`,
      TWIG_SESSION_SECRET: env.sessionSecret,
      TWIG_KEY_PEPPER: env.keyPepper,
      TWIG_GATEWAY_SECRET: env.gatewaySecret,
      UPSTASH_REDIS_REST_URL: world.url,
      UPSTASH_REDIS_REST_TOKEN: world.token,
    },
  })
  const servers: Record<HostName, Listening | Platform> = {
    server: await open({ gate: deps }),
    middleware: await open({}),
    worker: platform,
  }

  return {
    port: (host) => servers[host].port,
    send: (host, ...args) => sendTo(servers[host].port, ...args),
    sendPast: (...args) => sendTo(origin.port, ...args),
    reached,
    lastPass: () => readPass(reached.at(-1)?.headers[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds()),
    told: async () => {
      await next.settled()
      return batches
    },
    close: async () => {
      await platform.close()
      for (const server of [servers.server, servers.middleware, origin]) await server.close(0)
      await next.settled()
      await internal.close()
      vi.unstubAllEnvs()
    },
  }
}

function sendTo(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port, method, path, headers }, async (answer) => {
      let body = ''
      for await (const chunk of answer) body += chunk
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}
