import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** A request, read to its end. */
export interface ProviderRequest {
  method: string
  url: URL
  path: string
  query: URLSearchParams
  form: URLSearchParams
  json: Record<string, unknown>
  bearer: string
  /** Name and secret of `Authorization: Basic`. */
  basic: [string, string] | null
}

/** An answer: JSON unless it has bytes or a text. */
export interface Reply {
  status?: number
  json?: unknown
  text?: string
  bytes?: Uint8Array
  type?: string
  headers?: Record<string, string>
}

/** What goes wrong with requests whose `METHOD /path` begins so. */
export interface Fault {
  on: string
  /** Of the answer; 0 drops the connection. */
  status: number
  body?: unknown
  /** In the place of JSON. */
  html?: string
  retryAfter?: string
  location?: string
  /** How often; always unless told. */
  times?: number
  /** Leaves so many requests alone first. */
  after?: number
  delayMs?: number
  /** Before the answer; of this process alone. */
  until?: Promise<void>
  /** Does what was asked before it fails, so that the answer alone is lost. */
  isLost?: boolean
}

type Handler = (request: ProviderRequest) => Reply | null | Promise<Reply | null>
type Controls = Record<string, (...values: never[]) => unknown>

function readBasic(header: string): [string, string] | null {
  const [, encoded] = /^Basic (.+)$/.exec(header) ?? []
  if (!encoded) return null
  const plain = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':').map(plain)
  return [id, secret]
}

function readJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

async function read(request: IncomingMessage): Promise<ProviderRequest> {
  let text = ''
  for await (const part of request) text += part
  const url = new URL(request.url ?? '/', 'http://provider.invalid')
  const header = request.headers.authorization ?? ''
  return {
    method: request.method ?? 'GET',
    url,
    path: url.pathname,
    query: url.searchParams,
    form: new URLSearchParams(text),
    json: readJson(text),
    bearer: /^Bearer (.+)$/.exec(header)?.[1] ?? '',
    basic: readBasic(header),
  }
}

function send(response: ServerResponse, reply: Reply): void {
  const { status = 200, json, text, bytes, type, headers = {} } = reply
  const usual = bytes ? 'application/octet-stream' : text === undefined ? 'application/json' : 'text/html'
  response.writeHead(status, { 'Content-Type': type ?? usual, ...headers })
  response.end(bytes ?? text ?? JSON.stringify(json ?? {}))
}

function faulty({ status, body, html, retryAfter, location }: Fault): Reply {
  const headers: Record<string, string> = {}
  if (retryAfter) headers['Retry-After'] = retryAfter
  if (location) headers.Location = location
  return { status, json: body ?? {}, ...(html === undefined ? {} : { text: html }), headers }
}

/**
 * Serves a provider's stand-in on loopback. Whatever its control can do, another process can have done by
 * `POST /control` with `{"do": "name", "with": [arguments]}`; `GET /control` tells of the requests so far.
 * @param port any free one unless told
 */
export async function serveProvider<C extends Controls>(
  make: (origin: () => string) => { handle: Handler; control: C },
  port = 0,
) {
  let origin = ''
  const calls: string[] = []
  let faults: Fault[] = []
  const { handle, control } = make(() => origin)
  const common = {
    /** Requests whose `METHOD /path` begins so. */
    count: (on: string) => calls.filter((call) => call.startsWith(on)).length,
    forgetCalls: () => void calls.splice(0),
    fail: (fault: Fault) => void faults.push({ ...fault }),
    heal: () => {
      faults = []
    },
  }
  const controls = { ...control, ...common }

  function takeFault(line: string): Fault | null {
    for (const fault of faults) {
      if (!line.startsWith(fault.on)) continue
      if (fault.after) {
        fault.after -= 1
        continue
      }
      if (fault.times !== undefined) {
        fault.times -= 1
        if (fault.times <= 0) faults = faults.filter((other) => other !== fault)
      }
      return fault
    }
    return null
  }

  async function answer(request: ProviderRequest, response: ServerResponse) {
    if (request.path === '/control') {
      if (request.method === 'GET') return send(response, { json: { calls } })
      const { do: name, with: values = [] } = request.json as { do: string; with?: never[] }
      const control = (controls as unknown as Record<string, (...values: never[]) => unknown>)[name]
      if (!control) return send(response, { status: 404 })
      return send(response, { json: { result: (await control(...values)) ?? null } })
    }
    const line = `${request.method} ${request.path}`
    calls.push(line)
    const fault = takeFault(line)
    if (fault?.delayMs) await wait(fault.delayMs)
    await fault?.until
    const isServed = fault === null || fault.isLost || fault.status === 200
    const reply = isServed ? await handle(request) : null
    if (fault && fault.status === 0) return response.destroy()
    if (fault && (fault.status !== 200 || fault.html !== undefined || fault.body !== undefined)) {
      return send(response, faulty(fault))
    }
    return send(response, reply ?? { status: 404, json: { error: 'no_such_address', at: line } })
  }

  const server = createServer((request, response) => {
    read(request)
      .then((read) => answer(read, response))
      .catch((error: unknown) => send(response, { status: 500, json: { error: String(error) } }))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url: origin,
    calls,
    control: controls,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}
