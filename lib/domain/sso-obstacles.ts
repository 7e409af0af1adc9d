import { TwigError } from '../core/errors'
import type { RequestOrigin } from '../core/principal'
import { type SsoCheck, shown } from '../core/saml-checks'
import { UnusableProvider } from '../store/oidc'
import { recordAttempt } from './sso-attempts'
import type { SsoConnectionRow } from './sso-connections'

/**
 * What stands in the way before an identity provider says anything, as a failed check for its admins; null for a failure of
 * another kind.
 */
export function obstacleCheck(error: unknown): SsoCheck | null {
  if (!(error instanceof TwigError)) return null
  if (error instanceof UnusableProvider) {
    const expected = 'a provider that can be used as it is set up'
    return { check: 'discovery', expected, received: shown(error.reason), ok: false }
  }
  if (error.code === 'conflict') {
    const expected = 'a client secret that can be decrypted'
    return { check: 'client_secret', expected, received: 'one that cannot', ok: false }
  }
  if (error.code !== 'temporarily_unavailable' && error.code !== 'sso_unavailable') return null
  const expected = 'an answer of the identity provider within 7 seconds'
  return { check: 'provider', expected, received: 'none, or one that says it is down', ok: false }
}

/**
 * What somebody is told who could not be sent to their identity provider: sso_unavailable with the reference under which
 * the cause stands in the log, and not a word of it. Returns anything but an obstacle as it is.
 */
export async function strangerRefusal(
  error: unknown,
  row: SsoConnectionRow,
  { email, origin, now }: { email: string | null; origin: RequestOrigin; now: Date },
): Promise<unknown> {
  const check = obstacleCheck(error)
  if (!check) return error
  const place = { organizationId: row.organizationId, connectionId: row.id, purpose: 'sign_in' as const }
  const reference = await recordAttempt(place, { checks: [check], email }, origin, now)
  return new TwigError('sso_unavailable', undefined, { details: { reference }, cause: error })
}
