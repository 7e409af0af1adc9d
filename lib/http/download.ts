import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import { TwigError } from '../core/errors'
import type { UserPrincipal } from '../core/principal'
import type { TextFile } from '../core/text-file'
import { invalidRequest, toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { requireUser } from './session'
import { fileResponse } from './text-file'

/** A CSV file made for one answer. The name is ASCII without quotes. */
interface CsvFile {
  name: string
  text: string
}

type Handler = (request: Request, context: { params: Promise<Record<string, string>> }) => Promise<Response>

async function* once(text: string): AsyncGenerator<string> {
  yield text
}

/**
 * A handler that gives a signed-in person a file to save: the gate's pass, made for this very address, then the session's
 * row, then the parsed input, then the verb. Whoever went round the gate gets 401, whoever is signed out is led to the
 * login page.
 */
export function fileRoute<S extends z.ZodObject>(
  schema: S,
  verb: (principal: UserPrincipal, input: z.infer<S>) => Promise<TextFile>,
): Handler {
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
      return await fileResponse(await verb(principal, input.data))
    } catch (error) {
      unstable_rethrow(error)
      return errorResponse(toTwigError(error, requestId), requestId)
    }
  }
}

/** The same for a CSV file (RFC 4180) that is made at once. */
export function csvRoute<S extends z.ZodObject>(
  schema: S,
  verb: (principal: UserPrincipal, input: z.infer<S>) => Promise<CsvFile>,
): Handler {
  return fileRoute(schema, async (principal, input) => {
    const { name, text } = await verb(principal, input)
    return { name, type: 'text/csv', pieces: once(text) }
  })
}
