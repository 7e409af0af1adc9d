import { TwigError } from '../core/errors'
import type { RequestOrigin } from '../core/principal'
import { finishOidc } from '../store/oidc-verdict'
import { recordAttempt } from './sso-attempts'
import { openOidcConnection } from './sso-connections'
import { type FoundFlow, findFlowByRelay } from './sso-flows'
import { obstacleCheck } from './sso-obstacles'
import {
  type AnsweredFlow,
  conclude,
  configurationCheck,
  domainCheck,
  failed,
  type Judged,
  judgedBy,
  NOBODY,
  placeOf,
  refusal,
  requireFirstAnswer,
} from './sso-verdicts'

interface OidcJourney {
  state: string
  nonce: string
  codeVerifier: string
}

async function judge(flow: FoundFlow, callback: URL, journey: OidcJourney, now: Date): Promise<Judged> {
  const { connection } = flow
  const mapping = { email: connection.emailAttribute ?? 'email', name: connection.nameAttribute ?? 'name' }
  const open = await openOidcConnection(connection)
  const verdict = await finishOidc(open, callback, journey, mapping, now)
  const checks = [...verdict.checks]
  if (verdict.email) checks.push(await domainCheck(connection, verdict.email))
  return { checks, identity: verdict.identity && { issuer: open.issuer, ...verdict.identity } }
}

/**
 * What stands in the way before the provider says anything, as a check: a test shows it among its checks. A sign-in during
 * an outage is no refusal; it ends in sso_unavailable, with the reference of its row in the log.
 */
async function obstacleOf(
  error: unknown,
  flow: FoundFlow,
  origin: RequestOrigin,
  now: Date,
): Promise<Judged> {
  const check = obstacleCheck(error)
  if (!check) throw error
  const judged = judgedBy(check)
  if (check.check !== 'provider') return judged
  if (flow.purpose === 'test') return judged
  const reference = await recordAttempt(placeOf(flow), judged, origin, now)
  throw new TwigError('sso_unavailable', undefined, { details: { reference }, cause: error })
}

/**
 * Takes the browser's return from an OpenID provider. What it comes to is kept for the browser that began the journey,
 * which finishSso demands.
 * Throws sso_invalid_assertion and sso_domain_not_allowed with a reference, sso_unavailable, temporarily_unavailable.
 * @param callback with the query that the provider sent
 */
export async function answerOidc(
  callback: URL,
  origin: RequestOrigin,
  now: Date = new Date(),
): Promise<AnsweredFlow> {
  const [state = null, ...more] = callback.searchParams.getAll('state')
  const flow = state !== null && more.length === 0 ? await findFlowByRelay(state) : null
  const { relay, nonce, codeVerifier, connection } = flow ?? {}
  if (!flow || connection?.kind !== 'oidc' || !relay || !nonce || !codeVerifier) {
    const check = failed(
      'journey',
      'the state of a sign-in that began here',
      state === null ? 'none' : 'another',
    )
    throw await refusal(NOBODY, judgedBy(check), origin, now)
  }
  await requireFirstAnswer(flow, origin, now)
  const changed = configurationCheck(flow)
  const judged = changed
    ? judgedBy(changed)
    : await judge(flow, callback, { state: relay, nonce, codeVerifier }, now).catch((error: unknown) =>
        obstacleOf(error, flow, origin, now),
      )
  return conclude(flow, judged, origin, now)
}
