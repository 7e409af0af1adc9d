import { TwigError } from '../core/errors'
import { newLinkToken } from '../core/ids'
import { networkOf } from '../core/network'
import { nodeEnv } from '../env/node'
import { lockUntilCommit } from '../store/advisory-lock'
import { db, inTransaction, type Transaction } from '../store/db'
import { sha256 } from '../store/hmac'
import { sendsMail } from '../store/mail'
import { hashPassword, requireHashingCapacity } from '../store/passwords'
import { mailAccountExists, mailFinishSignUp } from './mails'
import { createOrganizationForPerson } from './organizations'
import { judgeNewPassword } from './password-strength'
import { findPassword, judgePassword, startSessionForPassword } from './passwords'
import { isKnownPlace } from './session-places'
import { type SignInOrigin, type StartedSession, startSession } from './sessions'
import { countSignIn } from './sign-in-blocks'
import { requireNewcomer } from './sso-doors'
import { confirmSignUpAttempt, countAttempt, forgiveAttempt, signInAttempt, signUpAttempt } from './throttle'
import { findUserByEmail, insertUser, nobodyYet } from './users'

const PENDING_TTL_MS = 24 * 3600 * 1000

interface SignUp {
  email: string
  name: string
  password: string
}

/** Signed in, or asked to look for a mail: never which of the two because of who has an account. */
export interface SignUpOutcome {
  session: StartedSession | null
  next: 'signed_in' | 'check_mail'
}

/** Whether a stranger may sign up now. */
export async function mayAnyoneSignUp(): Promise<boolean> {
  return nodeEnv().signup === 'open' || (await nobodyYet())
}

function byInvitationOnly(): TwigError {
  const message = 'Accounts here are by invitation. Ask an admin of your organization for one.'
  return new TwigError('insufficient_role', message, { error: 'Sign-up is by invitation' })
}

/** One sentence for every reason that has to do with accounts. */
function refused(): TwigError {
  const message =
    'We could not sign you up with these details. If you have an account, sign in or reset the password.'
  return new TwigError('invalid_credentials', message, { error: 'Sign-up failed' })
}

/**
 * Signs somebody up (A1, A10). With SMTP the answer is always "check your mail". Without, it makes the account and signs in;
 * for an address that has one it does what signing in would, under the same throttle, so that it says no more than that.
 * Throws invalid_request for a guessable password, too_many_failed_attempts, invalid_credentials, sso_required.
 */
export async function signUp(
  input: SignUp,
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<SignUpOutcome> {
  requireHashingCapacity()
  await judgeNewPassword(networkOf(origin.clientIp), input.password, input, 'password')
  const first = await nobodyYet()
  if (first) {
    const session = await signUpFirst(input, origin, now)
    if (session) return { session, next: 'signed_in' }
  }
  if (nodeEnv().signup === 'invite') throw byInvitationOnly()
  // By the domain alone, before any account is looked for: it says nothing of who has one.
  await inTransaction((tx) => requireNewcomer(tx, input.email))
  if (sendsMail()) return beginByMail(input, origin, now)
  return { session: await createOrSignIn(input, origin, now), next: 'signed_in' }
}

/** The first person ever needs neither invitation nor mail; of several at once, one is the first. */
async function signUpFirst(input: SignUp, origin: SignInOrigin, now: Date): Promise<StartedSession | null> {
  await countAttempt(signUpAttempt(input.email, origin.clientIp))
  const passwordHash = await hashPassword(input.password)
  return inTransaction(async (tx) => {
    await lockUntilCommit(tx, 'first-person')
    return (await nobodyYet(tx)) ? insertAccount(tx, { ...input, passwordHash }, origin, now) : null
  })
}

/** A person, an organization of their own and a session; null when the address has an account. */
async function insertAccount(
  tx: Transaction,
  input: { email: string; name: string; passwordHash: string },
  origin: SignInOrigin,
  now: Date,
): Promise<StartedSession | null> {
  await requireNewcomer(tx, input.email)
  const user = await insertUser(tx, input, now)
  if (!user) return null
  const organization = await createOrganizationForPerson(tx, user, origin)
  const place = {
    userId: user.id,
    organizationId: organization.id,
    role: 'owner',
    method: 'password',
  } as const
  return startSession(tx, place, origin, now)
}

async function createOrSignIn(input: SignUp, origin: SignInOrigin, now: Date): Promise<StartedSession> {
  const { email, password } = input
  const { clientIp } = origin
  const guess = signInAttempt({ email, clientIp, known: await isKnownPlace(email, clientIp, now) })
  const { buckets } = signUpAttempt(email, clientIp)
  await countSignIn({ buckets: [...guess.buckets, ...buckets], forgiven: [] }, email, origin, '/signup')
  const found = await findPassword(email)
  const session = found
    ? (await judgePassword(password, found.hash, guess)) &&
      (await startSessionForPassword(found, origin, now))
    : await createAccount(input, origin, now)
  if (!session) {
    mailAccountExists(email)
    throw refused()
  }
  await forgiveAttempt(guess)
  return session
}

async function createAccount(input: SignUp, origin: SignInOrigin, now: Date): Promise<StartedSession | null> {
  const passwordHash = await hashPassword(input.password)
  return inTransaction((tx) => insertAccount(tx, { ...input, passwordHash }, origin, now))
}

/** The same work and rows whether or not there is an account; only the mail differs, and that goes to the address alone. */
async function beginByMail(input: SignUp, origin: SignInOrigin, now: Date): Promise<SignUpOutcome> {
  const { email, name } = input
  await countAttempt(signUpAttempt(email, origin.clientIp))
  const passwordHash = await hashPassword(input.password)
  const token = newLinkToken()
  const expiresAt = new Date(now.getTime() + PENDING_TTL_MS)
  const row = { tokenDigest: sha256(token), email, name, passwordHash, createdAt: now, expiresAt }
  await db().pendingSignUp.create({ data: row, select: { email: true } })
  if (await findUserByEmail(email)) mailAccountExists(email)
  else mailFinishSignUp(email, token)
  return { session: null, next: 'check_mail' }
}

function findPending(token: string, now: Date) {
  return db().pendingSignUp.findFirst({
    where: { tokenDigest: sha256(token), expiresAt: { gt: now } },
    select: { email: true, name: true, passwordHash: true },
  })
}

/** Whom a link would sign up, or null when it is not good (any more). */
export async function previewSignUp(
  token: string,
  now: Date = new Date(),
): Promise<{ email: string } | null> {
  const pending = await findPending(token, now)
  return pending && { email: pending.email }
}

function deadLink(): TwigError {
  return new TwigError('not_found', 'This link does not work any more. Sign up again.', {
    error: 'Link used or expired',
  })
}

/**
 * Finishes a sign-up by its link and the password chosen then. Without the password, whoever owns the address could be led
 * into finishing an account that somebody else had begun and knows the password of.
 */
export async function confirmSignUp(
  input: { token: string; password: string },
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<{ session: StartedSession }> {
  requireHashingCapacity()
  const pending = await findPending(input.token, now)
  if (!pending) throw deadLink()
  const { email, name, passwordHash } = pending
  const attempt = confirmSignUpAttempt(email, origin.clientIp)
  await countAttempt(attempt)
  if (!(await judgePassword(input.password, passwordHash, attempt))) {
    const message = 'This is not the password that you chose when you signed up.'
    throw new TwigError('invalid_request', message, { details: { fields: { password: message } } })
  }
  const session = await inTransaction(async (tx) => {
    const claimed = await tx.pendingSignUp.deleteMany({ where: { tokenDigest: sha256(input.token) } })
    if (claimed.count === 0) throw deadLink()
    await tx.pendingSignUp.deleteMany({ where: { email } })
    return insertAccount(tx, { email, name, passwordHash }, origin, now)
  })
  if (!session) throw deadLink()
  await forgiveAttempt(attempt)
  return { session }
}

/** Removes sign-ups that nobody finished. Returns how many. */
export async function sweepSignUps(now: Date = new Date()): Promise<number> {
  const { count } = await db().pendingSignUp.deleteMany({ where: { expiresAt: { lt: now } } })
  return count
}
