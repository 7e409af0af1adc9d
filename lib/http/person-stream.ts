import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import { blockedEvent, blockReasonOf } from '../core/access-log'
import { TwigError } from '../core/errors'
import { resolvePolicy, routeName } from '../core/policy'
import type { UserPrincipal } from '../core/principal'
import type { OpenTurn } from '../domain/answers'
import { recordBlocked } from '../domain/usage-recorder'
import { invalidRequest, toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse, readJson } from './route'
import { callingUser } from './session'
import { streamTurn } from './turn-stream'

/**
 * A handler that streams a turn to a signed-in person, as the API streams it to a key: the gate's pass, made for a POST to
 * this very address (whose Origin the gate has checked), then the session's row, then the parsed input. What is refused
 * before the first event is answered as JSON in the API's error shape.
 */
export function personStream<S extends z.ZodObject>(
  schema: S,
  openTurn: (principal: UserPrincipal, input: z.infer<S>) => Promise<OpenTurn>,
): (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response> {
  return async (request, { params }) => {
    let requestId = 'unknown'
    try {
      const pass = await requestPass()
      requestId = pass.requestId
      if (pass.m !== 'POST' || pass.p !== new URL(request.url).pathname)
        throw new TwigError('session_required')
      const viewer = await callingUser()
      const body = await readJson(request)
      const input = schema.safeParse(typeof body === 'object' ? { ...body, ...(await params) } : body)
      if (!input.success) throw invalidRequest(input.error)
      const turn = await openTurn(viewer.principal, input.data)
      const settle = async () => {}
      const { userId, organizationId } = viewer.principal
      const { m: method, p: path, clientIp } = pass
      const userAgent = request.headers.get('user-agent')
      const onEnd = (_status: number, code: string) => {
        const reason = blockReasonOf(code)
        const who = { requestId, timeMs: Date.now(), organizationId, userId, clientIp, userAgent }
        if (reason) recordBlocked(blockedEvent({ ...who, reason, code, method, path }))
      }
      const route = routeName(resolvePolicy(method, path))
      return await streamTurn(turn, { requestId, route, signal: request.signal, settle, onEnd })
    } catch (error) {
      unstable_rethrow(error)
      return errorResponse(toTwigError(error, requestId), requestId)
    }
  }
}
