import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import { TwigError } from '../core/errors'
import type { UserPrincipal } from '../core/principal'
import { invalidRequest, toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { requireUser } from './session'

/** A file made for one answer. The name is ASCII without quotes. */
interface CsvFile {
  name: string
  text: string
}

/** RFC 6266; a name of any other characters would need the extended form. */
const NAME = /^[\w.-]{1,120}$/

/**
 * A handler that gives a signed-in person a CSV file (RFC 4180) to save: the gate's pass, made for this very address, then
 * the session's row, then the parsed input, then the verb. Whoever went round the gate gets 401, whoever is signed out is
 * led to the login page.
 */
export function csvRoute<S extends z.ZodObject>(
  schema: S,
  verb: (principal: UserPrincipal, input: z.infer<S>) => Promise<CsvFile>,
): (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response> {
  return async (request, { params }) => {
    let requestId = 'unknown'
    try {
      const pass = await requestPass()
      requestId = pass.requestId
      const { pathname, searchParams } = new URL(request.url)
      if (pass.p !== pathname) throw new TwigError('session_required')
      const { principal } = await requireUser()
      const input = schema.safeParse({ ...Object.fromEntries(searchParams), ...(await params) })
      if (!input.success) throw invalidRequest(input.error)
      const { name, text } = await verb(principal, input.data)
      if (!NAME.test(name)) throw new TypeError('This name does not fit a header.')
      return new Response(text, {
        headers: {
          'Content-Type': 'text/csv; charset=utf-8',
          'Content-Disposition': `attachment; filename="${name}"`,
          'Cache-Control': 'private, no-store',
        },
      })
    } catch (error) {
      unstable_rethrow(error)
      return errorResponse(toTwigError(error, requestId), requestId)
    }
  }
}
