import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import { TwigError } from '../core/errors'
import type { UserPrincipal } from '../core/principal'
import { invalidRequest, toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { currentUser } from './session'

/**
 * A handler that answers a signed-in person's page as JSON, for what is too slow for the page to wait for: the gate's pass,
 * made for this very address, then the session's row, then what path and query say, parsed; the path wins. Refused in the
 * API's error shape.
 */
export function personJson<S extends z.ZodObject>(
  schema: S,
  verb: (principal: UserPrincipal, input: z.infer<S>) => Promise<object>,
): (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response> {
  return async (request, { params }) => {
    let requestId = 'unknown'
    try {
      const pass = await requestPass()
      requestId = pass.requestId
      const { pathname, searchParams } = new URL(request.url)
      if (pass.p !== pathname) throw new TwigError('session_required')
      const viewer = await currentUser()
      if (!viewer) throw new TwigError('session_expired')
      const input = schema.safeParse({ ...Object.fromEntries(searchParams), ...(await params) })
      if (!input.success) throw invalidRequest(input.error)
      const answer = await verb(viewer.principal, input.data)
      return Response.json(answer, { headers: { 'Cache-Control': 'private, no-store' } })
    } catch (error) {
      unstable_rethrow(error)
      return errorResponse(toTwigError(error, requestId), requestId)
    }
  }
}
