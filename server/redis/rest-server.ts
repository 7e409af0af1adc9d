import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RedisBackend } from './backends'
import { RedisError, RedisUnavailable, type Reply } from './reply'
import { BadRequest, base64Reply, type RestRequest, readRequest } from './rest-protocol'

const MAX_BODY_BYTES = 10 * 1024 * 1024
const KEEP_ALIVE_MS = 10 * 60 * 1000
const CLOSE_WITHIN_MS = 2000

/** What the server needs; `token` is the bearer token that every request must carry. */
interface RestServerOptions {
  backend: RedisBackend
  token: string
  host?: string
  /** 0, the default, takes a free port. */
  port?: number
  /** Told the commands of every accepted request, before they run. */
  onCommands?: (commands: string[][]) => void
}

/** A listening server; closing it leaves the backend open. */
export interface RestServer {
  url: string
  close(): Promise<void>
}

/**
 * Speaks the Upstash REST protocol (`/`, `/pipeline`, `/multi-exec`, `/command/arg/…`) in front of a backend, on the
 * loopback address unless told otherwise. Rejects when it cannot listen; throws when the token is empty.
 */
export async function startRestServer(options: RestServerOptions): Promise<RestServer> {
  if (options.token === '') throw new Error('The Redis REST server needs a token')
  const host = options.host ?? '127.0.0.1'
  const authorization = Buffer.from(`Bearer ${options.token}`)
  const server = createServer({ keepAlive: true, noDelay: true }, (request, response) => {
    const given = Buffer.from(request.headers.authorization ?? '')
    const admitted = given.length === authorization.length && timingSafeEqual(given, authorization)
    if (admitted) receive(request, response, options)
    else refuse(response, 401, 'Unauthorized')
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${port}`, close: () => closeServer(server) }
}

/** Lets requests under way finish, for two seconds at most; connections that idle, or begin to, are closed. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), 20)
    const all = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS)
    server.close(() => {
      clearInterval(idle)
      clearTimeout(all)
      resolve()
    })
  })
}

/** Reads the body up to the limit, then answers. */
function receive(request: IncomingMessage, response: ServerResponse, options: RestServerOptions): void {
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
    else if (!response.headersSent)
      refuse(response, 413, `ERR max request size exceeded. Limit: ${MAX_BODY_BYTES} bytes`)
  })
  request.on('end', () => {
    if (response.headersSent) return
    answer(request, Buffer.concat(chunks, size), options).then(
      ({ status, body }) => send(response, status, body),
      (error) => fail(response, error),
    )
  })
  request.on('error', () => response.destroy())
}

async function answer(
  request: IncomingMessage,
  body: Buffer,
  { backend, onCommands }: RestServerOptions,
): Promise<{ status: number; body: unknown }> {
  const parsed = readRequest(request.method ?? '', request.url ?? '', body)
  onCommands?.(parsed.commands)
  const base64 = request.headers['upstash-encoding'] === 'base64'
  const encode = (reply: Reply) => (base64 ? base64Reply(reply) : reply)
  return run(backend, parsed, encode)
}

async function run(
  backend: RedisBackend,
  { kind, commands }: RestRequest,
  encode: (reply: Reply) => Reply,
): Promise<{ status: number; body: unknown }> {
  if (kind === 'transaction') {
    const results = await backend.transaction(commands)
    const body = results.map((entry) => ('error' in entry ? entry : { result: encode(entry.result) }))
    return { status: 200, body }
  }
  // All at once, so that a Redis behind this gets them in one go; both backends keep the order.
  const settled = await Promise.allSettled(commands.map((command) => backend.execute(command)))
  if (kind === 'single' && settled[0]?.status === 'rejected') throw settled[0].reason
  const body = settled.map((entry) =>
    entry.status === 'fulfilled' ? { result: encode(entry.value) } : { error: publicMessage(entry.reason) },
  )
  return { status: 200, body: kind === 'single' ? body[0] : body }
}

function publicMessage(error: unknown): string {
  const known = [RedisError, RedisUnavailable, BadRequest].some((kind) => error instanceof kind)
  if (known && error instanceof Error) return error.message
  console.error('redis rest server:', error)
  return 'ERR internal error'
}

function fail(response: ServerResponse, error: unknown): void {
  let status = 500
  if (error instanceof BadRequest) status = error.status
  else if (error instanceof RedisError) status = 400
  else if (error instanceof RedisUnavailable) status = 503
  send(response, status, { error: publicMessage(error) })
}

/** Refuses without reading the rest of the request, which ends the connection. */
function refuse(response: ServerResponse, status: number, error: string): void {
  response.setHeader('connection', 'close')
  send(response, status, { error })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  response.writeHead(status, headers).end(text)
}
