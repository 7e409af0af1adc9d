import { z } from 'zod'
import { domainOf } from '../core/domain-names'
import { canonicalEmail } from '../core/email'
import { TwigError } from '../core/errors'
import { newId, newLinkToken } from '../core/ids'
import { type Principal, type RequestOrigin, requirePermission } from '../core/principal'
import { isPrintableAscii } from '../core/received-text'
import { returnPath } from '../core/return-path'
import { db, type Transaction } from '../store/db'
import { sha256 } from '../store/hmac'
import { beginSaml } from '../store/idp'
import { beginOidc } from '../store/oidc'
import { ownerOfDomain } from './domains'
import { recordAttempt, type SsoPurpose, ssoRefusal } from './sso-attempts'
import {
  activeConnection,
  configurationDigest,
  findConnection,
  openOidcConnection,
  type SsoConnectionRow,
  samlConnectionOf,
} from './sso-connections'
import { strangerRefusal } from './sso-obstacles'
import { beginSsoAttempt, countAttempt } from './throttle'

/** Signing in elsewhere may take a while; the way back may not. */
export const FLOW_TTL_MS = 15 * 60_000

/** Whom an identity provider vouched for. */
export const VouchedIdentity = z.strictObject({
  issuer: z.string(),
  subject: z.string(),
  email: z.string(),
  name: z.string().nullable(),
})
export type VouchedIdentity = z.infer<typeof VouchedIdentity>

/** A journey that began: where the browser goes, and the mark that it keeps in a cookie. */
export interface BegunFlow {
  id: string
  url: string
  /** Secret of this browser and this journey. */
  state: string
}

interface Way {
  url: string
  relay: string
  requestId?: string
  nonce?: string
  codeVerifier?: string
}

async function wayTo(row: SsoConnectionRow): Promise<Way> {
  if (row.kind === 'saml') return beginSaml(samlConnectionOf(row))
  const { url, state, nonce, codeVerifier } = await beginOidc(await openOidcConnection(row))
  return { url, relay: state, nonce, codeVerifier }
}

async function begin(
  row: SsoConnectionRow,
  {
    purpose,
    returnTo,
    begunById,
  }: { purpose: SsoPurpose; returnTo: string | null; begunById: string | null },
  now: Date,
): Promise<BegunFlow> {
  const { url, ...way } = await wayTo(row)
  const [id, state] = [newId('flow'), newLinkToken()]
  await db().ssoFlow.create({
    data: {
      id,
      organizationId: row.organizationId,
      connectionId: row.id,
      purpose,
      begunById,
      stateDigest: sha256(state),
      ...way,
      digest: configurationDigest(row),
      returnTo,
      createdAt: now,
      expiresAt: new Date(now.getTime() + FLOW_TTL_MS),
    },
    select: { id: true },
  })
  return { id, url, state }
}

/**
 * Begins signing in with an address (D5): the organization that verified its domain decides where to. The address decides
 * nothing else, not even where pilot users alone are let in later: an outsider would learn who they are.
 * Throws sso_domain_not_allowed where nobody did or it has no active connection; temporarily_unavailable,
 * too_many_failed_attempts.
 */
export async function beginSso(
  input: { email: string; next?: string },
  origin: RequestOrigin,
  now: Date = new Date(),
): Promise<BegunFlow> {
  await countAttempt(beginSsoAttempt(origin.clientIp))
  const email = canonicalEmail(input.email)
  const organizationId = email ? await ownerOfDomain(domainOf(email)) : null
  const row = organizationId ? await activeConnection(organizationId) : null
  const journey = { purpose: 'sign_in', returnTo: returnPath(input.next), begunById: null } as const
  if (row)
    return begin(row, journey, now).catch(async (error: unknown) => {
      throw await strangerRefusal(error, row, { email, origin, now })
    })
  const expected = 'a verified domain of an organization with SSO'
  const received = email ? domainOf(email) : 'no address'
  const checks = [{ check: 'domain', expected, received, ok: false }]
  const place = { organizationId, connectionId: null, purpose: 'sign_in' as const }
  throw ssoRefusal('sso_domain_not_allowed', await recordAttempt(place, { checks, email }, origin, now))
}

/** Begins a test of a connection, which ends in a list of checks and in no session. Throws not_found. */
export async function beginSsoTest(
  principal: Principal,
  { id }: { id: string },
  now: Date = new Date(),
): Promise<BegunFlow> {
  requirePermission(principal, 'sso:write')
  const begunById = principal.kind === 'user' ? principal.userId : null
  const row = await findConnection(principal.organizationId, id)
  return begin(row, { purpose: 'test', returnTo: null, begunById }, now)
}

/** A journey, found by what the identity provider handed back, with the secrets that its answer is judged by. */
export async function findFlowByRelay(relay: string) {
  // Nothing that Twig gave away; some of it Postgres would not even look for.
  if (!isPrintableAscii(relay)) return null
  return db().ssoFlow.findUnique({
    where: { relay },
    omit: { stateDigest: true, codeVerifier: false },
    include: { connection: true },
  })
}

export type FoundFlow = NonNullable<Awaited<ReturnType<typeof findFlowByRelay>>>

/** Takes the one answer that a journey may have; false where it came already or too late. */
export async function claimAnswer(id: string, now: Date): Promise<boolean> {
  const where = { id, answeredAt: null, expiresAt: { gt: now } }
  return (await db().ssoFlow.updateMany({ where, data: { answeredAt: now } })).count === 1
}

/** A journey that nobody began here (IdP-initiated), as far as it comes at once. */
export async function insertUnaskedFlow(
  row: SsoConnectionRow,
  identity: VouchedIdentity,
  now: Date,
): Promise<BegunFlow> {
  const [id, state] = [newId('flow'), newLinkToken()]
  await db().ssoFlow.create({
    data: {
      id,
      organizationId: row.organizationId,
      connectionId: row.id,
      purpose: 'sign_in',
      stateDigest: sha256(state),
      digest: configurationDigest(row),
      identity,
      createdAt: now,
      answeredAt: now,
      expiresAt: new Date(now.getTime() + FLOW_TTL_MS),
    },
    select: { id: true },
  })
  return { id, url: '', state }
}

/** Keeps what the answer came to until the browser comes for it. */
export async function storeAnswer(
  id: string,
  answer: { identity: VouchedIdentity } | { attemptId: string },
): Promise<void> {
  await db().ssoFlow.updateMany({ where: { id }, data: answer })
}

/** An answered journey, for the browser that began it. */
export function findAnsweredFlow(id: string, state: string, now: Date) {
  return db().ssoFlow.findFirst({
    where: {
      id,
      stateDigest: sha256(state),
      answeredAt: { not: null },
      finishedAt: null,
      expiresAt: { gt: now },
    },
    include: { connection: true },
  })
}

/** Ends a journey in the transaction of what it led to, once. Throws sso_invalid_assertion where it has ended. */
export async function claimFinish(tx: Transaction, id: string, now: Date): Promise<void> {
  const { count } = await tx.ssoFlow.updateMany({
    where: { id, finishedAt: null },
    data: { finishedAt: now },
  })
  if (count === 0) throw new TwigError('sso_invalid_assertion', 'This sign-in was finished already.')
}

/** Removes journeys that nobody can finish any more. Returns how many. */
export async function sweepSsoFlows(now: Date = new Date()): Promise<number> {
  const { count } = await db().ssoFlow.deleteMany({ where: { expiresAt: { lt: now } } })
  return count
}
