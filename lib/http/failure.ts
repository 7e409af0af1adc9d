import { ZodError } from 'zod'
import { errorTable, TwigError } from '../core/errors'
import { bareCause } from '../store/background'
import { isDatabaseOutage } from '../store/db'
import { log } from '../store/log'

/** A body may hold a million members that nobody knows; told of all of them, nobody reads any. */
const FIELDS_MAX = 50
const FIELD_NAME_MAX = 200

/** The fields of a failed parse, each with the first thing wrong with it; of very many the first. */
function fieldsOf(error: ZodError): Record<string, string> {
  const fields = new Map<string, string>()
  for (const issue of error.issues) {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')]
    const message = issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message
    for (const name of names) {
      if (fields.size >= FIELDS_MAX) break
      if (!fields.has(name || 'body')) fields.set((name || 'body').slice(0, FIELD_NAME_MAX), message)
    }
  }
  // Not by assignment: a member called __proto__ would vanish.
  return Object.fromEntries(fields)
}

/** The public form of a parse that failed. */
export function invalidRequest(error: ZodError): TwigError {
  const fields = fieldsOf(error)
  const list = Object.entries(fields).map(([name, message]) => `${name}: ${message}`)
  return new TwigError('invalid_request', `${list.join('; ')}.`, { details: { fields }, cause: error })
}

/**
 * Turns whatever was thrown into what may be told, and records what may not.
 * @param route the policy's pattern, where it is at hand; server/answer-watch.ts names it for every answer besides
 */
export function toTwigError(error: unknown, requestId: string, route?: string): TwigError {
  if (error instanceof TwigError) {
    const { code, status } = error
    if (status >= 500) log().warn({ requestId, route, status, code }, 'request failed')
    return error
  }
  const outage = isDatabaseOutage(error)
  const code = outage ? 'temporarily_unavailable' : 'internal_error'
  const { status } = errorTable[code]
  // An error's message may quote its query; its code, its class and the stack's frames do not.
  const frames =
    error instanceof Error ? error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) : undefined
  const fields = error instanceof ZodError ? Object.keys(fieldsOf(error)) : undefined
  log().error(
    {
      requestId,
      route,
      status,
      code,
      cause: bareCause(error),
      fields,
      frames: outage ? undefined : frames?.slice(0, 8),
    },
    'request failed',
  )
  return new TwigError(code, undefined, { cause: error })
}
