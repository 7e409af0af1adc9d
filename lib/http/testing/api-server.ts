import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { logFailure } from '../../../server/answer-watch'
import { root } from '../../../server/configuration'
import { serverDependencies } from '../../../server/gate'
import { createRequestHandler } from '../../../server/request'
import { apiPolicy } from '../../core/policy'
import { cache } from '../../store/cache'

type Handler = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>
type Routes = Array<{ test: RegExp; names: string[]; module: Record<string, Handler> }>

const BASE = '/api/v1'

/** `/agents/{id}` → `app/api/v1/agents/[id]/route`. */
async function load(pattern: string): Promise<Record<string, Handler>> {
  const folder = pattern.replaceAll(/\{(\w+)\}/g, '[$1]')
  return import(/* @vite-ignore */ join(root, `app/api/v1${folder}/route.ts`))
}

async function routes(): Promise<Routes> {
  const patterns = [...new Set(apiPolicy.map(({ pattern }) => pattern))]
  return Promise.all(
    patterns.map(async (pattern) => ({
      test: new RegExp(`^${BASE}${pattern.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
      names: [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
      module: await load(pattern),
    })),
  )
}

function webRequest(request: IncomingMessage, url: URL): Request {
  const { method = 'GET' } = request
  const headers = new Headers(
    Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]),
  )
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? (Readable.toWeb(request) as ReadableStream<Uint8Array>) : null
  return new Request(url, { method, headers, body, duplex: 'half' } as RequestInit)
}

/** What Next does with an admitted request: the route file of its path, with what stands in the path. */
async function serve(table: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const found = table.find(({ test }) => test.test(url.pathname))
  const handler = found?.module[request.method ?? '']
  if (!found || !handler) return void response.writeHead(599).end()
  const [, ...values] = found.test.exec(url.pathname) ?? []
  const params = Object.fromEntries(found.names.map((name, at) => [name, values[at] ?? '']))
  const answer = await handler(webRequest(request, url), { params: Promise.resolve(params) })
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(Buffer.from(await answer.arrayBuffer()))
}

/** The API as the server serves it, without Next: its handler and the gate in front, the route files behind it, over HTTP. */
export async function startApi(): Promise<{ url: string; close: () => Promise<void> }> {
  const table = await routes()
  const gate = serverDependencies(cache())
  const handle = createRequestHandler({
    handle: (request, response) => serve(table, request, response),
    gate,
    env: { appUrl: gate.appUrl, trustedProxyHops: gate.trustedProxyHops },
    onFailure: logFailure,
  })
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
