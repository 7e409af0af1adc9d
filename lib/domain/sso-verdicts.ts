import { domainOf } from '../core/domain-names'
import type { RequestOrigin } from '../core/principal'
import { type SsoCheck, shown } from '../core/saml-checks'
import { ownerOfDomain } from './domains'
import { type AttemptPlace, recordAttempt, ssoRefusal } from './sso-attempts'
import { configurationDigest, noteTested, type SsoConnectionRow } from './sso-connections'
import { claimAnswer, type FoundFlow, storeAnswer, type VouchedIdentity } from './sso-flows'

/** Where the browser goes to finish. `state` is for a browser that has none yet: nobody began this journey here. */
export interface AnsweredFlow {
  flowId: string
  state: string | null
}

/** What an answer came to. */
export interface Judged {
  checks: SsoCheck[]
  identity: VouchedIdentity | null
}

/** Of an answer that belongs to no journey and no connection. */
export const NOBODY: AttemptPlace = { organizationId: null, connectionId: null, purpose: 'sign_in' }

/** Whose attempt the answer of a journey is. */
export function placeOf({ organizationId, connectionId, purpose }: FoundFlow): AttemptPlace {
  return { organizationId, connectionId, purpose: purpose === 'test' ? 'test' : 'sign_in' }
}

/** A check that failed. */
export function failed(check: string, expected: string, received: string): SsoCheck {
  return { check, expected, received: shown(received), ok: false }
}

/** A judgement that one failed check makes. */
export function judgedBy(check: SsoCheck): Judged {
  return { checks: [check], identity: null }
}

/** Logs a refusal under a reference and makes it the error that the person sees. */
export async function refusal(
  place: AttemptPlace,
  judged: Judged,
  origin: RequestOrigin,
  now: Date,
): Promise<Error> {
  const { checks, identity } = judged
  const reference = await recordAttempt(place, { checks, email: identity?.email ?? null }, origin, now)
  const isOnlyDomain = checks.every(({ check, ok }) => ok || check === 'domain')
  return ssoRefusal(isOnlyDomain ? 'sso_domain_not_allowed' : 'sso_invalid_assertion', reference)
}

/** Whether the organization of a connection verified the domain of an address. */
export async function domainCheck(row: SsoConnectionRow, email: string): Promise<SsoCheck> {
  const owner = await ownerOfDomain(domainOf(email))
  const isOwn = owner === row.organizationId
  return {
    check: 'domain',
    expected: 'a verified domain of this organization',
    received: isOwn ? domainOf(email) : `${domainOf(email)}, which is none`,
    ok: isOwn,
  }
}

/** Takes the one answer that a journey may have. Throws the refusal of a second, and of one that comes too late. */
export async function requireFirstAnswer(flow: FoundFlow, origin: RequestOrigin, now: Date): Promise<void> {
  if (await claimAnswer(flow.id, now)) return
  const check = failed('journey', 'the first answer to a sign-in of the last 15 minutes', 'a later one')
  throw await refusal(placeOf(flow), judgedBy(check), origin, now)
}

/** The failed check of a journey whose connection was changed since it began, or null. */
export function configurationCheck({ digest, connection }: FoundFlow): SsoCheck | null {
  if (digest === configurationDigest(connection)) return null
  return failed('configuration', 'the configuration that the sign-in began with', 'it was changed meanwhile')
}

/** Ends the answer of a journey: a test keeps its checks, a sign-in its identity, and a refusal is thrown. */
export async function conclude(
  flow: FoundFlow,
  judged: Judged,
  origin: RequestOrigin,
  now: Date,
): Promise<AnsweredFlow> {
  const { id: flowId, connection } = flow
  const place = placeOf(flow)
  const isGood = judged.identity !== null && judged.checks.every(({ ok }) => ok)
  if (place.purpose === 'test') {
    const email = judged.identity?.email ?? null
    const attemptId = await recordAttempt(place, { checks: judged.checks, email }, origin, now)
    if (isGood) await noteTested(connection, now)
    await storeAnswer(flowId, { attemptId })
    return { flowId, state: null }
  }
  if (!isGood || !judged.identity) throw await refusal(place, judged, origin, now)
  await storeAnswer(flowId, { identity: judged.identity })
  return { flowId, state: null }
}
