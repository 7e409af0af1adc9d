import { TwigError } from '../lib/core/errors'
import { bareCause } from '../lib/store/background'
import { isDatabaseOutage } from '../lib/store/db'
import { scrub } from '../lib/store/log'
import { Problem } from '../server/problem.mjs'

/** An error as the operator is told of it. */
interface Failure {
  code: string
  error: string
  message: string
  /** Public members besides, such as `fields`. */
  [detail: string]: unknown
}

/** Puts an error into a sentence: what Twig says itself is public, of anything else only its kind is told. */
export function explain(error: unknown): Failure {
  if (error instanceof TwigError) {
    return { code: error.code, error: error.error, message: error.message, ...error.details }
  }
  if (error instanceof Problem) return { code: 'problem', error: 'Problem', message: error.sentence }
  if (isDatabaseOutage(error)) {
    const message = `PostgreSQL does not answer (${bareCause(error)}). Try again, or run: twig doctor`
    return { code: 'temporarily_unavailable', error: 'Temporarily unavailable', message }
  }
  const message = `Something failed that should not have (${bareCause(error)}). LOG_LEVEL=debug shows more.`
  return { code: 'internal_error', error: 'Internal error', message }
}

/** All that is known of an error, without credentials, for LOG_LEVEL=debug. */
export function trace(error: unknown): string {
  return scrub(error instanceof Error ? (error.stack ?? error.message) : String(error))
}
