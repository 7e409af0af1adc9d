import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { INTERNAL_HEADER, isInternalCall, PASS_HEADER, readPass } from '../../lib/edge/pass'
import { edgeEnvOf, openWorld, type World } from '../../lib/edge/testing/world'
import { type Platform, startPlatform } from './workerd'

/** A request that came to the server behind the Worker. */
interface Arrival {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: Buffer
}

interface Sent {
  method?: string
  headers?: Record<string, string>
  body?: string | Buffer
}

/** The Worker in workerd over a world, before a server that answers as told. */
export interface WorkerWorld {
  world: World
  bindings: Record<string, string>
  platform: Platform
  appUrl: string
  originUrl: string
  /** What came to pages and routes of the server. */
  arrivals: Arrival[]
  /** Batches of records that came signed, and how often calls came that were not. */
  batches: { id: string; events: unknown[] }[]
  unsigned: number
  /** How the server answers; plainly at first. */
  answer: RequestListener
  takesBatches: boolean
  /** Of a good key, as a header has it. */
  authorization: string
  send(
    path: string,
    sent?: Sent,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }>
  /** The pass that a request came with. */
  passOf(arrival: Arrival | undefined): ReturnType<typeof readPass>
  /** Forgets what came, and answers plainly again. */
  reset(): void
  close(): Promise<void>
}

const plainly: RequestListener = (_request, response) => void response.end('served')

/** Opens one. Its clock is the machine's, as the Worker's is. */
export async function openWorkerWorld(): Promise<WorkerWorld> {
  const world = await openWorld()
  world.clock.nowMs = Date.now()
  const { gatewayHmac } = world.deps
  const nowSeconds = () => Math.floor(Date.now() / 1000)

  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (!url.startsWith('/api/internal/')) {
      opened.arrivals.push({ method, url, headers, body })
      return opened.answer(request, response)
    }
    const text = body.toString()
    if (!isInternalCall(String(headers[INTERNAL_HEADER]), url, text, gatewayHmac, nowSeconds())) {
      opened.unsigned += 1
    } else if (url === '/api/internal/verify-key') {
      const { credential, proved } = JSON.parse(text)
      return response.end(JSON.stringify(await world.verifyKey(credential, proved)))
    } else opened.batches.push(JSON.parse(text))
    response.writeHead(opened.takesBatches ? 204 : 503).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const originUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = edgeEnvOf(world.url, world.token)
  const bindings = {
    APP_URL: env.appUrl,
    TWIG_ORIGINS: originUrl,
    TWIG_SESSION_SECRET: env.sessionSecret,
    TWIG_KEY_PEPPER: env.keyPepper,
    TWIG_GATEWAY_SECRET: env.gatewaySecret,
    UPSTASH_REDIS_REST_URL: world.url,
    UPSTASH_REDIS_REST_TOKEN: world.token,
  }
  const platform = await startPlatform({ bindings })
  const { key } = await world.mint({ scopes: ['read', 'write'], perMinute: { read: 1000, write: 1000 } })

  const opened: WorkerWorld = {
    world,
    bindings,
    platform,
    appUrl: env.appUrl,
    originUrl,
    arrivals: [],
    batches: [],
    unsigned: 0,
    answer: plainly,
    takesBatches: true,
    authorization: `Bearer ${key}`,
    send: (path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest({ port: platform.port, method, path, headers }, async (reply) => {
          let text = ''
          for await (const chunk of reply) text += chunk
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text })
        })
        outgoing.on('error', reject)
        outgoing.end(body)
      }),
    passOf: (arrival) => readPass(String(arrival?.headers[PASS_HEADER]), gatewayHmac, nowSeconds()),
    reset() {
      opened.arrivals.length = 0
      opened.batches.length = 0
      Object.assign(opened, { unsigned: 0, answer: plainly, takesBatches: true })
    },
    async close() {
      await platform.close()
      server.closeAllConnections()
      server.close()
      await world.close()
    },
  }
  return opened
}
