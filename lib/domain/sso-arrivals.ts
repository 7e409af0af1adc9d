import { domainOf } from '../core/domain-names'
import type { RequestOrigin, Role } from '../core/principal'
import { type Arrival, admitsRole, decideArrival, maySignInWithSso } from '../core/sso-decisions'
import { inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'
import { keepOwners } from './domain-locks'
import { ownerOfDomain } from './domains'
import { type ExternalIdentity, findIdentity, linkIdentity, touchIdentity } from './external-identities'
import { acceptInvitationOf, claimInvitation, findOpenFor, isInvited } from './invitation-claims'
import { actingFor, addMember, findOrganization, operatorFor, roleOf } from './organizations'
import { type SignInOrigin, type StartedSession, startSession } from './sessions'
import { getSsoAttempt, recordAttempt, ssoRefusal } from './sso-attempts'
import {
  configurationDigest,
  findConnection,
  holdOrganization,
  isTrusted,
  type SsoConnectionRow,
  trustTested,
} from './sso-connections'
import { claimFinish, findAnsweredFlow, VouchedIdentity } from './sso-flows'
import { findUserByEmail, insertVouchedUser } from './users'

/** What finishing a journey comes to. */
export type FinishedSso =
  | { kind: 'signed_in'; session: StartedSession; returnTo: string | null }
  /** A test signs nobody in; its checks stand in the log under this reference. */
  | { kind: 'tested'; attemptId: string }
  /** Nobody began this here: whoever sits at the browser is to say that they are the person. */
  | { kind: 'to_confirm' }

type Flow = NonNullable<Awaited<ReturnType<typeof findAnsweredFlow>>>

/** Why somebody whom the identity provider vouched for is not let in. */
class NotAdmitted extends Error {
  constructor(
    readonly reason: Extract<Arrival, { kind: 'refuse' }>['reason'] | 'pilot' | 'configuration' | 'approval',
  ) {
    super(reason)
  }
}

const EXPECTED: Readonly<Record<NotAdmitted['reason'], string>> = {
  domain: 'an address, and an account, in a verified domain of this organization',
  removed: 'a member, or somebody invited again',
  account_elsewhere: 'a new person, or an account that is a member already',
  pilot: 'a pilot user, as SSO is not enforced yet',
  configuration: 'the connection as it was when the sign-in began',
  approval: 'for an owner or admin, a configuration that an owner added, changed last, tested or activated',
}

async function arrivalOf(tx: Transaction, identity: ExternalIdentity, email: string): Promise<Arrival> {
  const { organizationId } = identity
  const known = await findIdentity(tx, identity)
  const account = await findUserByEmail(email, tx)
  const role = account && (await roleOf(tx, organizationId, account.id))
  const owns = async (address: string) => (await ownerOfDomain(domainOf(address), tx)) === organizationId
  return decideArrival({
    ownsDomain: await owns(email),
    identity: known && { ...known, isOfDomain: await owns(known.email) },
    account: account && { userId: account.id, isMember: role !== null },
    isInvited: known !== null && (await isInvited(tx, organizationId, known.userId)),
  })
}

/** Acts upon the decision; returns the person and their role. */
async function admit(
  tx: Transaction,
  arrival: Exclude<Arrival, { kind: 'refuse' }>,
  identity: ExternalIdentity,
  person: VouchedIdentity,
  origin: RequestOrigin,
  now: Date,
): Promise<{ userId: string; role: Role }> {
  const { organizationId, issuer, subject } = identity
  if (arrival.kind === 'create') {
    const { email } = person
    const user = await insertVouchedUser(
      tx,
      { email, name: person.name ?? email.slice(0, email.indexOf('@')) },
      now,
    )
    if (!user) throw new NotAdmitted('account_elsewhere')
    const invitation = await findOpenFor(tx, organizationId, email, now)
    const role = invitation?.role ?? 'member'
    if (invitation) await claimInvitation(tx, invitation, user.id, origin, now)
    else await addMember(tx, { organizationId, userId: user.id, role })
    await linkIdentity(tx, identity, user.id, now)
    const entry = {
      action: 'member.joined_by_sso',
      targetId: user.id,
      after: { email, role, issuer, subject, invitation: invitation?.id ?? null },
    }
    await recordAudit(tx, actingFor(user.id, organizationId, role, origin), entry)
    return { userId: user.id, role }
  }
  const { userId } = arrival
  if (arrival.kind === 'rejoin') await acceptInvitationOf(tx, { organizationId, userId }, origin, now)
  const role = await roleOf(tx, organizationId, userId)
  if (!role) throw new NotAdmitted('removed')
  if (arrival.kind === 'link') {
    await linkIdentity(tx, identity, userId, now)
    const entry = { action: 'user.identity_linked', targetId: userId, after: { issuer, subject } }
    await recordAudit(tx, actingFor(userId, organizationId, role, origin), entry)
  } else await touchIdentity(tx, identity, now)
  return { userId, role }
}

/** The connection as it is now, unless that is another than the journey began with. */
async function presentConnection(tx: Transaction, flow: Flow): Promise<SsoConnectionRow> {
  const { organizationId, connectionId, digest } = flow
  const present = await findConnection(organizationId, connectionId, tx)
  const isSame = present.activeFor === organizationId && digest === configurationDigest(present)
  if (!isSame) throw new NotAdmitted('configuration')
  return present
}

/** A sign-in that went well shows as much as a test: once for each configuration, and no more than that of trust. */
async function noteSignedIn(tx: Transaction, row: SsoConnectionRow, now: Date): Promise<void> {
  const testedDigest = configurationDigest(row)
  if (row.testedDigest === testedDigest) return
  await tx.ssoConnection.update({
    where: { id: row.id },
    data: { testedDigest, testedAt: now },
    select: { id: true },
  })
}

async function letIn(
  flow: Flow,
  person: VouchedIdentity,
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession> {
  const { organizationId } = flow
  const identity = { organizationId, issuer: person.issuer, subject: person.subject }
  return inTransaction(async (tx) => {
    const known = await findIdentity(tx, identity)
    await keepOwners(tx, known ? [person.email, known.email] : [person.email])
    // The first arrivals of an address or an identity take turns, and changes of the connection wait.
    await holdOrganization(tx, organizationId)
    await claimFinish(tx, flow.id, now)
    const connection = await presentConnection(tx, flow)
    const arrival = await arrivalOf(tx, identity, person.email)
    if (arrival.kind === 'refuse') throw new NotAdmitted(arrival.reason)
    const userId = arrival.kind === 'create' ? null : arrival.userId
    const isEnforced = connection.enforcedAt !== null
    if (!maySignInWithSso({ isEnforced, pilotUserIds: connection.pilotUserIds }, userId))
      throw new NotAdmitted('pilot')
    const admitted = await admit(tx, arrival, identity, person, origin, now)
    if (!admitsRole(admitted.role, isTrusted(connection))) throw new NotAdmitted('approval')
    await noteSignedIn(tx, connection, now)
    return startSession(tx, { ...admitted, organizationId, method: 'sso' }, origin, now)
  })
}

/** A test that an owner saw pass, in the browser that began it, is their word for the configuration. */
async function trustTest({ organizationId, connectionId, digest, begunById }: Flow, attemptId: string) {
  if (begunById === null) return
  if ((await inTransaction((tx) => roleOf(tx, organizationId, begunById))) !== 'owner') return
  const { succeeded } = await getSsoAttempt(operatorFor(organizationId), { id: attemptId })
  if (succeeded) await trustTested({ organizationId, connectionId }, digest)
}

/** Whether a journey began at the identity provider: any site could have sent the browser along it. */
const isUnasked = ({ relay }: Flow) => relay === null

/** Whom a journey that began at the identity provider would sign in, and where; null where there is nothing to confirm. */
export async function arrivalToConfirm(
  { flowId, state }: { flowId: string; state: string },
  now: Date = new Date(),
): Promise<{ email: string; organization: string } | null> {
  const flow = await findAnsweredFlow(flowId, state, now)
  if (!flow || !isUnasked(flow)) return null
  const { name } = await findOrganization(flow.organizationId)
  return { email: VouchedIdentity.parse(flow.identity).email, organization: name }
}

/**
 * Finishes a journey in the browser that began it, once: an ordinary session in the organization of the connection (D5).
 * Throws sso_invalid_assertion where this browser began none, and sso_domain_not_allowed or sso_invalid_assertion with a
 * reference where the person is not let in.
 * @param input.isConfirmed whether the person said on a page of ours that it is them, which an unasked arrival demands
 */
export async function finishSso(
  input: { flowId: string; state: string; isConfirmed: boolean },
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<FinishedSso> {
  const flow = await findAnsweredFlow(input.flowId, input.state, now)
  // A refused answer left neither.
  if (!flow || (flow.identity === null && flow.attemptId === null)) {
    const nobody = { organizationId: null, connectionId: null, purpose: 'sign_in' as const }
    const expected = 'the browser that began the sign-in, within 15 minutes and once'
    const checks = [{ check: 'browser', expected, received: 'another, or later', ok: false }]
    throw ssoRefusal('sso_invalid_assertion', await recordAttempt(nobody, { checks }, origin, now))
  }
  if (flow.attemptId !== null) {
    await trustTest(flow, flow.attemptId)
    return { kind: 'tested', attemptId: flow.attemptId }
  }
  if (isUnasked(flow) && !input.isConfirmed) return { kind: 'to_confirm' }
  const person = VouchedIdentity.parse(flow.identity)
  const { organizationId, connectionId } = flow
  const place = { organizationId, connectionId, purpose: 'sign_in' as const }
  const { email } = person
  try {
    const session = await letIn(flow, person, origin, now)
    await recordAttempt(
      place,
      { checks: [{ check: 'person', expected: 'somebody', received: email, ok: true }], email },
      origin,
      now,
    )
    return { kind: 'signed_in', session, returnTo: flow.returnTo }
  } catch (error) {
    if (!(error instanceof NotAdmitted)) throw error
    const checks = [{ check: error.reason, expected: EXPECTED[error.reason], received: email, ok: false }]
    const code = error.reason === 'domain' ? 'sso_domain_not_allowed' : 'sso_invalid_assertion'
    throw ssoRefusal(code, await recordAttempt(place, { checks, email }, origin, now))
  }
}
