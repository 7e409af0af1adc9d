import { TwigError } from '../core/errors'
import type { Resolution } from '../core/policy'
import type { GateDependencies } from './gate'
import { PASS_HEADER, type PassFacts, readPass } from './pass'
import type { GateRequest, RequestFacts } from './request-facts'
import { type AnswerContext, commonHeaders, refuse, type Verdict } from './verdict'
import { BLOCKED_PATH, MISSING_PATH, scriptHeaders } from './web-gate'

/** Pages that a gate shows in place of others: the pass names what was asked for. */
const STAND_INS: ReadonlySet<string> = new Set([MISSING_PATH, BLOCKED_PATH])

/**
 * Judges a request where another host of the gate stands in front. Who is admitted was decided there: a signed pass made
 * for this method and path is the proof, and the caller's address is the pass's. Whatever comes without one is refused
 * alike, so that going round that host tells nothing and admits nobody.
 */
export function judgeRelayed(
  request: GateRequest,
  facts: RequestFacts,
  resolution: Resolution,
  context: AnswerContext,
  deps: GateDependencies,
): Verdict {
  const nowSeconds = Math.floor(deps.nowMs() / 1000)
  const pass = readPass(request.headers.get(PASS_HEADER), deps.gatewayHmac, nowSeconds)
  if (resolution.kind !== 'row' || !pass || !isMadeFor(pass, facts.method, resolution)) {
    return refuse(new TwigError('gate_required', `Call ${deps.appUrl}; nothing is answered here.`), context)
  }
  const common = commonHeaders({ ...context, requestId: pass.requestId })
  const scripts = resolution.surface === 'web' ? scriptHeaders(deps) : { request: {}, answer: {} }
  return {
    kind: 'admit',
    path: resolution.path,
    // Made anew, so that a host that hands passes on within its process does so here too.
    requestHeaders: { [PASS_HEADER]: deps.makePass(pass, nowSeconds), ...scripts.request },
    responseHeaders: { ...common, ...scripts.answer },
    setCookie: null,
  }
}

function isMadeFor(pass: PassFacts, method: string, { surface, path }: { surface: string; path: string }) {
  if (pass.m !== method) return false
  return pass.p === path || (surface === 'web' && pass.kind !== 'key' && STAND_INS.has(path))
}
