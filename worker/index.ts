import { errorBody, TwigError } from '../lib/core/errors'
import { newId } from '../lib/core/ids'
import { gate } from '../lib/edge/gate'
import { type EdgeHost, edgeDependencies } from '../lib/edge/host'
import { INTERNAL_HEADER, PASS_HEADER } from '../lib/edge/pass'
import { type GateRequest, isOwnHeader } from '../lib/edge/request-facts'
import type { Answer, Verdict } from '../lib/edge/verdict'
import { type Origins, originsOf } from './origins'
import { type Bindings, readSettings } from './settings'

/** What the platform offers beside a request. */
interface Context {
  waitUntil(work: Promise<unknown>): void
}

interface Worker {
  host: EdgeHost
  origins: Origins
}

type Passing = Exclude<Verdict, Answer>

/** One for the isolate. It holds plain data only: requests must not share I/O. */
let known: Worker | undefined

function workerOf(bindings: Bindings): Worker {
  if (known) return known
  const { env, origins: urls } = readSettings(bindings)
  const origins = originsOf(urls, Date.now)
  // Verifying a key and taking a batch mean the same twice: a batch is known by its id.
  const send = (path: string, init: RequestInit) => origins.send(path, init, true)
  known = { host: edgeDependencies(env, { isolated: true, send }), origins }
  return known
}

/**
 * A request as the gate reads it: of where it comes from, and whether over TLS, it says what the platform says, whatever
 * its headers claim.
 */
function platformView({ method, url, headers }: Request): GateRequest {
  const said: Readonly<Record<string, string | null>> = {
    'x-forwarded-for': headers.get('cf-connecting-ip'),
    'x-forwarded-proto': new URL(url).protocol.slice(0, -1),
  }
  const get = (name: string) => (name in said ? (said[name] ?? null) : headers.get(name))
  return { method, url, headers: { get, has: (name) => get(name) !== null } }
}

/** The build's own files, which carry nothing of anybody's; what a URL's parser left of a disguise is none. */
const STATIC_FILE = /^\/_next\/static\/(?:[\w~()[\]@-][\w.~()[\]@-]*\/)*[\w~()[\]@-][\w.~()[\]@-]*$/

function isStaticFile(method: string, pathname: string): boolean {
  return (method === 'GET' || method === 'HEAD') && STATIC_FILE.test(pathname)
}

/** Said of one connection, or by proxies of each other: they end here. */
const HOP_HEADERS =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|forwarded|via|x-forwarded-.*|x-real-ip|true-client-ip|cf-.*|cdn-loop)$/

function onwardHeaders(headers: Headers): Headers {
  const onward = new Headers(headers)
  for (const name of headers.keys()) if (isOwnHeader(name) || HOP_HEADERS.test(name)) onward.delete(name)
  return onward
}

/** Sends an admitted request on, with the pass in the place of the key. */
async function relay(request: Request, verdict: Passing, { origins }: Worker): Promise<Response> {
  const { method } = request
  const headers = onwardHeaders(request.headers)
  const pass = verdict.requestHeaders[PASS_HEADER]
  if (pass !== undefined) {
    headers.set(PASS_HEADER, pass)
    headers.delete('authorization')
    headers.delete(INTERNAL_HEADER)
  }
  const isRead = method === 'GET' || method === 'HEAD'
  const init: RequestInit = {
    method,
    headers,
    // The body of a read means nothing; the platform announces what is sent, whatever the header says.
    body: isRead ? null : request.body,
    redirect: 'manual',
    cache: 'no-store',
  }
  const path = verdict.path + new URL(request.url).search
  const answer = await origins.send(path, init, isRead)
  const answered = new Response(answer.body, answer)
  for (const [name, value] of Object.entries(verdict.responseHeaders)) {
    if (!answered.headers.has(name)) answered.headers.set(name, value)
  }
  if (verdict.kind === 'admit' && verdict.setCookie) answered.headers.append('Set-Cookie', verdict.setCookie)
  return answered
}

/** Files that the build named by their contents, kept by the platform like any. */
async function relayFile(request: Request, pathname: string, { origins }: Worker): Promise<Response> {
  const headers = onwardHeaders(request.headers)
  for (const name of ['authorization', 'cookie', 'content-length', INTERNAL_HEADER]) headers.delete(name)
  return origins.send(pathname, { method: request.method, headers, redirect: 'manual' }, true)
}

function unavailable(appUrl: string, requestId: string, headers: Record<string, string>): Response {
  const error = new TwigError('temporarily_unavailable')
  const own = { 'X-Request-Id': requestId, 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  return new Response(JSON.stringify(errorBody(error, requestId, appUrl)), {
    status: error.status,
    headers: { ...headers, ...own, 'Retry-After': String(error.retryAfterSeconds) },
  })
}

function report(msg: string, error: unknown, requestId: string): void {
  const cause = error instanceof Error ? error.name : 'unknown'
  console.error(JSON.stringify({ level: 50, msg, requestId, cause }))
}

async function answer(request: Request, worker: Worker, context: Context): Promise<Response> {
  const { host } = worker
  const { pathname } = new URL(request.url)
  if (isStaticFile(request.method, pathname)) {
    return relayFile(request, pathname, worker).catch((error: unknown) => {
      const requestId = newId('req')
      report('no server answers', error, requestId)
      return unavailable(host.appUrl, requestId, {})
    })
  }
  const verdict = await gate(platformView(request), host)
  host.keepAlive((work) => context.waitUntil(work))
  if (verdict.kind === 'refuse' || verdict.kind === 'redirect') {
    const { status, headers, body } = verdict
    return new Response(body, { status, headers })
  }
  return relay(request, verdict, worker).catch((error: unknown) => {
    const { 'X-Request-Id': requestId = newId('req') } = verdict.responseHeaders
    report('no server answers', error, requestId)
    return unavailable(host.appUrl, requestId, verdict.responseHeaders)
  })
}

/** Twig's gate in front of any number of its servers, which run with TWIG_GATE=worker. docs/worker.md */
export default {
  async fetch(request: Request, bindings: Bindings, context: Context): Promise<Response> {
    let worker: Worker
    try {
      worker = workerOf(bindings)
    } catch (error) {
      const requestId = newId('req')
      const cause = error instanceof Error ? error.message : 'unknown'
      console.error(JSON.stringify({ level: 60, msg: 'the Worker is not configured', requestId, cause }))
      return unavailable('', requestId, {})
    }
    return answer(request, worker, context)
  },
}
