import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { errorBody, TwigError } from '../lib/core/errors'
import { newId } from '../lib/core/ids'
import { BARE_POLICY, STRICT_TRANSPORT_SECURITY, securityHeaders } from '../lib/core/security-headers'
import { acceptMany, paceNewcomers } from './crowd'
import { pipelining } from './pipelining'
import { Problem } from './problem.mjs'

const MAX_HEADER_BYTES = 16 * 1024
const HEADERS_TIMEOUT_MS = 15_000
/** For a whole request; an answer may take as long as it likes. */
const REQUEST_TIMEOUT_MS = 120_000
/** Longer than the minute after which common proxies drop an idle connection, so that they never meet a closing one. */
const KEEP_ALIVE_MS = 65_000
const CHECK_INTERVAL_MS = 2_000
/** Who is beyond it when a crowd connects at once may be cut off without an answer; the system's somaxconn caps it. */
const BACKLOG = 4_096
const SWEEP_MS = 50

interface ListenOptions {
  handler: (request: IncomingMessage, response: ServerResponse) => unknown
  port: number
  /** All addresses of the machine when absent. */
  host?: string
  /** Not shared with the other processes of a cluster. */
  exclusive?: boolean
  /** Whether many may connect at once. Where a cluster's primary process accepts, it needs nothing. */
  takesCrowds?: boolean
  tls?: { certFile: string; keyFile: string } | undefined
  /** For what is answered to requests that nobody can read. */
  appUrl?: string
  /** Takes upgrades of the paths it knows; without it nothing is upgraded. */
  upgrade?: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined
}

export interface Listening {
  port: number
  /**
   * Accepts nothing more, lets the answers that are under way finish, and returns when all connections are closed.
   * @param capMs after this long the rest is cut off
   */
  close: (capMs: number) => Promise<void>
}

const options = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: CHECK_INTERVAL_MS,
  // Refused with the headers of every other answer (server/request.ts); Node's own has none.
  requireHostHeader: false,
}

function makeServer(tls: ListenOptions['tls']): Server {
  if (!tls) return createServer(options)
  try {
    const cert = readFileSync(tls.certFile)
    const key = readFileSync(tls.keyFile)
    return createTlsServer({ ...options, cert, key, minVersion: 'TLSv1.2' })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem(`TLS_CERT_FILE and TLS_KEY_FILE cannot be used: ${reason}`, { cause: error })
  }
}

/** What the parser found wrong, by its error code. */
const PARSER_ANSWERS: Record<string, [number, string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Payload Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}

/** A whole answer for a request that cannot be parsed, or is not one that this server takes. */
function rawAnswer(status: number, reason: string, appUrl: string | undefined): string {
  const requestId = newId('req')
  const error = new TwigError('invalid_request', 'The request is not valid HTTP.', { error: reason })
  const body = JSON.stringify({ ...errorBody(error, requestId, appUrl ?? ''), status })
  const headers = Object.entries({
    ...securityHeaders,
    'Content-Security-Policy': BARE_POLICY,
    ...(appUrl?.startsWith('https:') && { 'Strict-Transport-Security': STRICT_TRANSPORT_SECURITY }),
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
  })
  return [
    `HTTP/1.1 ${status} ${reason}`,
    'Connection: close',
    'Content-Type: application/json',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}

/**
 * Listens with Twig's limits: 16 KiB of headers, 15 seconds for them, 2 minutes for a request, TLS 1.2 at least.
 * @throws Problem when the port is taken or the certificate cannot be used
 */
export async function listen(wanted: ListenOptions): Promise<Listening> {
  const server = makeServer(wanted.tls)
  const sockets = new Set<Socket>()
  const underWay = new Set<ServerResponse>()
  const upgraded = new Set<Duplex>()
  let isClosing = false

  // Behind TLS a request's socket is not the one that was accepted.
  const noteRequest = wanted.tls ? () => {} : paceNewcomers(server)
  const pipelined = pipelining()
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
    if (isClosing) response.setHeader('Connection', 'close')
    wanted.handler(request, response)
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    noteRequest(request.socket)
    pipelined.take(request, response, () => answer(request, response))
  })
  // Nobody who waits for leave to send a body is told to go on before the request has been looked at.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    noteRequest(request.socket)
    pipelined.take(request, response, () => {
      answer(request, response)
      if (!response.headersSent && !response.writableEnded) response.writeContinue()
    })
  })
  // Node would answer it past the line, and what was sent behind it would begin before its turn.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    noteRequest(request.socket)
    pipelined.take(request, response, () => void response.writeHead(417).end())
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    // What has been decided on what came before leaves first (server/turns.ts).
    if (pipelined.isBusy(socket)) return void setImmediate(() => socket.destroy())
    const [status, reason] = PARSER_ANSWERS[error.code ?? ''] ?? [400, 'Bad Request']
    socket.end(rawAnswer(status, reason, wanted.appUrl), () => socket.destroy())
  })
  server.on(
    'connect',
    (_request, socket) => void socket.end(rawAnswer(405, 'Method Not Allowed', wanted.appUrl)),
  )
  const { upgrade } = wanted
  if (upgrade) {
    server.on('upgrade', (request, socket, head) => {
      upgraded.add(socket)
      socket.once('close', () => upgraded.delete(socket))
      upgrade(request, socket, head)
    })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Problem(`Port ${wanted.port} is in use; stop what uses it, or set PORT.`)
          : error,
      )
    })
    const { port, host, exclusive = false } = wanted
    server.listen({ port, host, exclusive, backlog: BACKLOG }, resolve)
  })
  const address = server.address()
  const endFurther = wanted.takesCrowds ? acceptMany(server, BACKLOG) : async () => {}

  return {
    port: address && typeof address === 'object' ? address.port : wanted.port,
    close: async (capMs) => {
      isClosing = true
      const closed = Promise.all([
        new Promise<void>((resolve) => server.close(() => resolve())),
        endFurther(),
      ])
      for (const response of underWay) if (!response.headersSent) response.setHeader('Connection', 'close')
      for (const socket of upgraded) socket.destroy()
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, capMs)
      await closed
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}
