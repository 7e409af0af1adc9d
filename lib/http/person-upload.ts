import { unstable_rethrow } from 'next/navigation'
import type { DocumentUpload } from '../core/data-schemas'
import { TwigError } from '../core/errors'
import type { UserPrincipal } from '../core/principal'
import { readForm } from './body'
import { toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { callingUser } from './session'

/**
 * A handler that takes a file from a signed-in person, as the API takes one from a key: the gate's pass, made for a POST
 * to this very address (whose Origin the gate has checked), then the session's row, and only then the body. Answers JSON,
 * refusals in the API's error shape.
 */
export function personUpload<T>(
  verb: (principal: UserPrincipal, input: { id: string } & DocumentUpload) => Promise<T>,
): (request: Request, context: { params: Promise<{ id: string }> }) => Promise<Response> {
  return async (request, { params }) => {
    let requestId = 'unknown'
    try {
      const pass = await requestPass()
      requestId = pass.requestId
      if (pass.m !== 'POST' || pass.p !== new URL(request.url).pathname) {
        throw new TwigError('session_required')
      }
      const viewer = await callingUser()
      const { id } = await params
      const added = await verb(viewer.principal, { id, ...(await readForm(request)) })
      return Response.json(added, { status: 201, headers: { 'Cache-Control': 'private, no-store' } })
    } catch (error) {
      unstable_rethrow(error)
      return errorResponse(toTwigError(error, requestId), requestId)
    }
  }
}
