import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { vi } from 'vitest'
import { type Listening, listen } from '../../../server/http'
import { createRequestHandler } from '../../../server/request'
import { INTERNAL_HEADER, isInternalCall, PASS_HEADER, readPass } from '../pass'
import { openFaultyRedis } from './faulty-redis'
import { openNextStandIn, type Reached } from './next-stand-in'
import { APP_URL, edgeEnvOf, type World } from './world'

/** The hosts of the gate: in front of Next in server/, and Next's middleware alone. */
export const HOSTS = ['server', 'middleware'] as const
type HostName = (typeof HOSTS)[number]

/** An answer over the wire. */
interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Both hosts over one world, each a real HTTP server. */
export interface Hosts {
  port(host: HostName): number
  /** Sends the path as it is, which fetch would not. */
  send(host: HostName, method: string, path: string, headers?: Record<string, string>): Promise<Answer>
  /** What came through to pages and routes so far. */
  reached: Reached[]
  /** The pass with which the last request came through; null when it had none that is ours. */
  lastPass(): ReturnType<typeof readPass>
  /** Resolves when the middleware has told all that it recorded; returns those batches. */
  told(): Promise<unknown[]>
  close(): Promise<void>
}

/** Opens both hosts; the middleware's configuration is that of the process until vitest unstubs it. */
export async function openHosts(world: World): Promise<Hosts> {
  const { deps } = world
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

  const next = openNextStandIn()
  const open = (gate: World['deps'] | undefined): Promise<Listening> => {
    const handler = createRequestHandler({
      handle: next.handle,
      gate,
      env: { appUrl: APP_URL, trustedProxyHops: 0 },
    })
    return listen({ handler, port: 0, host: '127.0.0.1' })
  }
  const servers = { server: await open(deps), middleware: await open(undefined) }

  return {
    port: (host) => servers[host].port,
    send: (host, method, path, headers = {}) =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest({ port: servers[host].port, method, path, headers }, async (answer) => {
          let body = ''
          for await (const chunk of answer) body += chunk
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body })
        })
        outgoing.on('error', reject)
        outgoing.end()
      }),
    reached: next.reached,
    lastPass: () =>
      readPass(next.reached.at(-1)?.headers[PASS_HEADER] ?? null, deps.gatewayHmac, nowSeconds()),
    told: async () => {
      await next.settled()
      return batches
    },
    close: async () => {
      for (const server of Object.values(servers)) await server.close(0)
      await next.settled()
      await internal.close()
      vi.unstubAllEnvs()
    },
  }
}
