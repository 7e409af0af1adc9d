import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import type { ActionResult } from '../core/action-result'
import { TwigError } from '../core/errors'
import type { RequestOrigin, UserPrincipal } from '../core/principal'
import { invalidRequest, toTwigError } from './failure'
import { requestPass } from './pass'
import { renewSession, requireUser } from './session'

/** Where an anonymous action came from. */
export interface ActionOrigin extends RequestOrigin {
  requestId: string
  clientIp: string | null
}

async function attempt<T>(work: () => Promise<T>): Promise<ActionResult<T>> {
  let requestId = 'unknown'
  try {
    requestId = (await requestPass()).requestId
    return { ok: true, value: await work() }
  } catch (error) {
    unstable_rethrow(error)
    const { code, error: short, message, details } = toTwigError(error, requestId)
    return {
      ok: false,
      error: { code, error: short, message, fields: (details.fields ?? {}) as Record<string, string> },
    }
  }
}

function parse<S extends z.ZodType>(schema: S, input: unknown): z.infer<S> {
  const result = schema.safeParse(input)
  if (!result.success) throw invalidRequest(result.error)
  return result.data
}

/** The gate's pass of a POST; an action is never run by anything else. */
async function requirePost() {
  const pass = await requestPass()
  if (pass.m !== 'POST') throw new TwigError('session_required')
  return pass
}

/**
 * A server action of a signed-in person: pass, session, parse, verb. The session is verified again here.
 * @param from `anywhere` for what an allowlist of the organization need not keep from its people: leaving it
 */
export function action<S extends z.ZodType, T>(
  schema: S,
  verb: (principal: UserPrincipal, input: z.infer<S>) => Promise<T>,
  from: 'allowed' | 'anywhere' = 'allowed',
): (input: z.input<S>) => Promise<ActionResult<T>> {
  return async (input) =>
    attempt(async () => {
      await requirePost()
      const { principal } = await requireUser(from)
      await renewSession()
      return verb(principal, parse(schema, input))
    })
}

/** A server action that needs nobody signed in: sign-up, reset, invitation. */
export function publicAction<S extends z.ZodType, T>(
  schema: S,
  verb: (input: z.infer<S>, origin: ActionOrigin) => Promise<T>,
): (input: z.input<S>) => Promise<ActionResult<T>> {
  return async (input) =>
    attempt(async () => {
      const { requestId, clientIp } = await requirePost()
      return verb(parse(schema, input), { requestId, clientIp })
    })
}
