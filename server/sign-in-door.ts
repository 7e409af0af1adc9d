import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorBody, TwigError } from '../lib/core/errors'
import { newId } from '../lib/core/ids'
import { BARE_POLICY, STRICT_TRANSPORT_SECURITY, securityHeaders } from '../lib/core/security-headers'
import { metrics } from '../lib/store/metrics'
import { inTurns } from './turns'

const PATH = '/api/auth/callback/credentials'
/** No more than may wait for bcrypt (lib/store/passwords.ts): whoever is let in has a place there. */
export const SIGN_INS_AT_ONCE = 64
/** Of them, from one network: whoever keeps these taken keeps nobody out elsewhere. */
export const SIGN_INS_OF_A_NETWORK = 16
/** From one that is let in to the next: its work for Next and next-auth, and as long again for everybody else's. */
const PACE_MS = 25
/** Whoever sends a form more slowly keeps nobody else out. */
const FORM_MS = 3_000
/** Until those who wait have had their turn, at a quarter of a second each. */
const RETRY_SECONDS = 10
/** Of those turned away, in each turn of the loop: what programs ask for is read in between. */
const ANSWERS_A_TURN = 12
/** Of a crowd one line is enough. */
const TELL_MS = 10_000

const HEADERS = {
  ...securityHeaders,
  'Content-Type': 'application/json',
  'Content-Security-Policy': BARE_POLICY,
  'Cache-Control': 'no-store',
  'Retry-After': String(RETRY_SECONDS),
}

interface DoorOptions {
  /** The network that a request comes from; those from nobody knows where share one. */
  networkOf(request: IncomingMessage): string
  /** Told every ten seconds at most that there is no room. */
  onCrowd?: (() => void) | undefined
}

/** Serves a request, at once or when it is its turn. */
type LetIn = (serve: () => unknown) => unknown

/** One every so often, first come, first served; whoever leaves meanwhile takes nobody's time. */
function inTurn(): (response: ServerResponse, serve: () => unknown) => unknown {
  const waiting = new Map<ServerResponse, () => unknown>()
  let isPausing = false
  function next(): void {
    isPausing = false
    for (const [response, serve] of waiting) return void enter(response, serve)
  }
  function enter(response: ServerResponse, serve: () => unknown): unknown {
    waiting.delete(response)
    isPausing = true
    setTimeout(next, PACE_MS).unref()
    return serve()
  }
  return (response, serve) => {
    if (!isPausing) return enter(response, serve)
    waiting.set(response, serve)
    response.once('close', () => waiting.delete(response))
  }
}

/**
 * Lets so many sign-ins by password in and no more, one after the other: each costs Next and next-auth some ten
 * milliseconds before it waits for bcrypt, or learns that too many do, and a crowd of them would hold up the calls of programs.
 * @returns by what a request is let in; undefined where there is no room. Every other request than a sign-in is at once
 */
export function signInDoor({
  networkOf,
  onCrowd,
}: DoorOptions): (request: IncomingMessage, response: ServerResponse) => LetIn | undefined {
  const underWay = new Map<ServerResponse, string>()
  const letIn = inTurn()
  let toldAtMs = Number.NEGATIVE_INFINITY
  function refuse(): undefined {
    const nowMs = performance.now()
    if (nowMs - toldAtMs < TELL_MS) return
    toldAtMs = nowMs
    onCrowd?.()
  }
  function sharedBy(network: string): number {
    let count = 0
    for (const other of underWay.values()) if (other === network) count += 1
    return count
  }
  return (request, response) => {
    if (request.method !== 'POST' || !isSignIn(request.url)) return (serve) => serve()
    if (underWay.size >= SIGN_INS_AT_ONCE) return refuse()
    const network = networkOf(request)
    if (sharedBy(network) >= SIGN_INS_OF_A_NETWORK) return refuse()
    underWay.set(response, network)
    const slow = setTimeout(() => {
      if (!request.complete) underWay.delete(response)
    }, FORM_MS).unref()
    response.once('close', () => {
      clearTimeout(slow)
      underWay.delete(response)
    })
    return (serve) => letIn(response, serve)
  }
}

function isSignIn(url = ''): boolean {
  return url === PATH || url.startsWith(`${PATH}?`)
}

type Answering = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Answers sign-ins for which there is no room, some in each turn of the loop (server/turns.ts).
 * @param answer begins when most forms have come whole with their headers, and need not be waited for
 */
export function turningAway(answer: Answering): Answering {
  const inTurn = inTurns(ANSWERS_A_TURN, ({ request, response }) => {
    if (!response.destroyed) answer(request, response)
  })
  return (request, response) => inTurn({ request, response })
}

/**
 * Answers a sign-in for which there is no room, at little cost: 503, with the seconds after which to come again. Not a
 * line of the log for each, which would be the crowd's to fill.
 */
export function turnAway(response: ServerResponse, appUrl: string): void {
  metrics.signIns.add('password', 'temporarily_unavailable')
  metrics.requests.add(PATH, 'POST', '503')
  const requestId = newId('req')
  const error = new TwigError(
    'temporarily_unavailable',
    'Too many people sign in at this moment. Try again in a moment.',
  )
  const body = JSON.stringify(errorBody(error, requestId, appUrl))
  response.writeHead(error.status, {
    ...HEADERS,
    ...(appUrl.startsWith('https:') && { 'Strict-Transport-Security': STRICT_TRANSPORT_SECURITY }),
    'Content-Length': body.length,
    'X-Request-Id': requestId,
  })
  response.end(body, 'latin1')
}
