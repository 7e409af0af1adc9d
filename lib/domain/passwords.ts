import { TwigError } from '../core/errors'
import { newId, newLinkToken } from '../core/ids'
import { networkOf } from '../core/network'
import type { Principal } from '../core/principal'
import { inBackground } from '../store/background'
import { db, inTransaction, type Transaction } from '../store/db'
import { sha256 } from '../store/hmac'
import { hashPassword, requireHashingCapacity, verifyPassword } from '../store/passwords'
import { recordBreakGlass } from './break-glass'
import { mailPasswordChanged, mailReset } from './mails'
import { auditForPerson, listMemberships } from './organizations'
import { judgeNewPassword, requireStrongPassword } from './password-strength'
import { isKnownPlace } from './session-places'
import {
  announceEnded,
  asPerson,
  endSessionRows,
  type SignInOrigin,
  type StartedSession,
  startSessionSomewhere,
} from './sessions'
import { countSignIn } from './sign-in-blocks'
import { forgetBreakGlass } from './sso-connections'
import { isSsoRequired, judgePasswordDoor, requireOtherWays } from './sso-doors'
import {
  type Attempt,
  admitsAttempt,
  changePasswordAttempt,
  countAttempt,
  forgiveAccount,
  forgiveAttempt,
  requestResetAttempt,
  resetLetterAttempt,
  returnAttempt,
  signInAttempt,
} from './throttle'

const RESET_TTL_MS = 60 * 60 * 1000

/** A stored password with whom it is for. */
interface StoredPassword {
  userId: string
  hash: string
  user: { email: string; name: string }
}

const stored = { userId: true, hash: true, user: { select: { email: true, name: true } } } as const

/** Counts the attempt, then judges the password: at most so many guesses are ever judged, however many come at once. */
export async function judgePassword(
  password: string,
  hash: string | null,
  attempt: Attempt,
): Promise<boolean> {
  try {
    return await verifyPassword(password, hash)
  } catch (error) {
    await returnAttempt(attempt)
    throw error
  }
}

/** Whether a person has a password. */
export async function hasPassword(
  userId: string,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<boolean> {
  return (await client.password.findUnique({ where: { userId }, select: { userId: true } })) !== null
}

/** The stored password of the account with this address, if there is one. */
export function findPassword(email: string): Promise<StoredPassword | null> {
  return db().password.findFirst({ where: { user: { email } }, select: stored })
}

/** Stores a first password. */
export async function insertPassword(
  tx: Transaction,
  userId: string,
  hash: string,
  now: Date,
): Promise<void> {
  await tx.password.create({ data: { userId, hash, changedAt: now } })
}

/**
 * Signs in with an address and a password (A1). Throws invalid_credentials, the same after the same work whether or not
 * there is such an account; too_many_failed_attempts; temporarily_unavailable; insufficient_role without a membership.
 */
export async function signInWithPassword(
  input: { email: string; password: string },
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<StartedSession> {
  requireHashingCapacity()
  const { email, password } = input
  const { clientIp } = origin
  const attempt = signInAttempt({ email, clientIp, known: await isKnownPlace(email, clientIp, now) })
  await countSignIn(attempt, email, origin, '/api/auth/callback/credentials')
  const found = await findPassword(email)
  if (!(await judgePassword(password, found?.hash ?? null, attempt)) || !found) {
    throw new TwigError('invalid_credentials')
  }
  const session = await startSessionForPassword(found, origin, now)
  await forgiveAttempt(attempt)
  return session
}

/**
 * Starts a session for a password that was judged right, unless it has been changed meanwhile: the lock makes a change
 * wait, and then end this session too.
 */
export function startSessionForPassword(
  { userId, hash }: Pick<StoredPassword, 'userId' | 'hash'>,
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<StartedSession> {
  return inTransaction(async (tx) => {
    const same = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM passwords WHERE user_id = ${userId} AND hash = ${hash} FOR SHARE`
    if (same.length === 0) throw new TwigError('invalid_credentials')
    const glass = await judgePasswordDoor(tx, userId)
    if (glass !== null) await recordBreakGlass(tx, userId, glass, origin)
    await voidResets(tx, userId)
    return startSessionSomewhere(tx, { userId, method: 'password' }, origin, now)
  })
}

async function voidResets(tx: Transaction, userId: string): Promise<void> {
  await tx.passwordReset.deleteMany({ where: { userId } })
}

/** Changes the caller's password and ends their other sessions (A8). Throws invalid_request, naming the field. */
export async function changePassword(
  principal: Principal,
  input: { currentPassword: string; newPassword: string },
  now: Date = new Date(),
): Promise<{ ended: number }> {
  const { userId, sessionId } = asPerson(principal)
  const found = await db().password.findUnique({ where: { userId }, select: stored })
  if (!found)
    throw new TwigError('conflict', 'Your account has no password. Ask for a reset link to set one.')
  await judgeNewPassword(userId, input.newPassword, found.user, 'newPassword')
  const attempt = changePasswordAttempt(userId)
  await countAttempt(attempt)
  if (!(await judgePassword(input.currentPassword, found.hash, attempt))) {
    const message = 'This is not your present password.'
    throw new TwigError('invalid_request', message, { details: { fields: { currentPassword: message } } })
  }
  await forgiveAttempt(attempt)
  const hash = await hashPassword(input.newPassword)
  const ended = await inTransaction(async (tx) => {
    const { count } = await tx.password.updateMany({
      where: { userId, hash: found.hash },
      data: { hash, changedAt: now },
    })
    if (count === 0) throw new TwigError('conflict', 'Your password was changed elsewhere just now.')
    await voidResets(tx, userId)
    await auditForPerson(tx, userId, principal, { action: 'user.password_changed', targetId: userId })
    return endSessionRows(tx, { userId, id: { not: sessionId } }, 'password_changed', now)
  })
  await announceEnded(ended, 'password_changed')
  mailPasswordChanged(found.user.email)
  return { ended: ended.length }
}

/**
 * Sends a reset link, if there is an account with this address. The answer is the same, and given before the account is
 * even looked up. When the address has had enough letters the links in them are still good: nothing is sent, and whoever
 * made it so cannot turn the owner away. Throws too_many_failed_attempts for a network.
 */
export async function requestPasswordReset(
  input: { email: string },
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<Record<string, never>> {
  await countAttempt(requestResetAttempt(origin.clientIp))
  if (await admitsAttempt(resetLetterAttempt(input.email))) {
    inBackground('password reset', () => issueReset(input.email, now))
  }
  return {}
}

async function issueReset(email: string, now: Date): Promise<void> {
  const user = await db().user.findUnique({ where: { email }, select: { id: true } })
  if (!user) return
  const userId = user.id
  const token = newLinkToken()
  const expiresAt = new Date(now.getTime() + RESET_TTL_MS)
  const row = { id: newId('reset'), userId, tokenDigest: sha256(token), createdAt: now, expiresAt }
  await db().passwordReset.create({ data: row, select: { id: true } })
  mailReset(email, token)
}

function deadLink(): TwigError {
  return new TwigError('not_found', 'This link does not work any more. Ask for a new one.', {
    error: 'Link used or expired',
  })
}

/** Whose password a reset link would set, and whether SSO lets it be set; null when the link is not good (any more). */
export async function previewReset(
  token: string,
  now: Date = new Date(),
): Promise<{ email: string; ssoRequired: boolean } | null> {
  const row = await findReset(token, now)
  if (!row) return null
  const ssoRequired = await inTransaction((tx) => isSsoRequired(tx, row.userId))
  return { email: row.user.email, ssoRequired }
}

function findReset(token: string, now: Date) {
  return db().passwordReset.findFirst({
    where: { tokenDigest: sha256(token), usedAt: null, expiresAt: { gt: now } },
    select: { userId: true, user: { select: { email: true, name: true } } },
  })
}

/**
 * Sets a new password by a mailed link, once; ends every session and every other link of the person and signs them in
 * here, with a null session when no organization has them. Throws not_found when the link is used, void or past its 60
 * minutes, invalid_request when the password is guessable, too_many_failed_attempts.
 */
export async function resetPassword(
  input: { token: string; password: string },
  origin: SignInOrigin,
  now: Date = new Date(),
): Promise<{ session: StartedSession | null }> {
  const row = await findReset(input.token, now)
  if (!row) throw deadLink()
  const { userId, user } = row
  await judgeNewPassword(networkOf(origin.clientIp), input.password, user, 'password')
  const hash = await hashPassword(input.password)
  const { session, ended } = await inTransaction(async (tx) => {
    // In the order of everybody else, the password before its links, so that nobody waits in a circle.
    await tx.$executeRaw`SELECT 1 FROM passwords WHERE user_id = ${userId} FOR UPDATE`
    const claimed = await tx.passwordReset.updateMany({
      where: { tokenDigest: sha256(input.token), usedAt: null, expiresAt: { gt: now } },
      data: { usedAt: now },
    })
    if (claimed.count === 0) throw deadLink()
    await requireOtherWays(tx, userId)
    const ended = await replacePassword(tx, userId, hash, now)
    await auditForPerson(tx, userId, origin, { action: 'user.password_reset', targetId: userId })
    const belongs = (await listMemberships(userId, tx)).length > 0
    const place = { userId, method: 'password' }
    return { ended, session: belongs ? await startSessionSomewhere(tx, place, origin, now) : null }
  })
  await announceEnded(ended, 'password_reset')
  await forgiveAccount(user.email)
  mailPasswordChanged(user.email)
  return { session }
}

/** Returns the sessions that it ended. */
async function replacePassword(tx: Transaction, userId: string, hash: string, now: Date) {
  await tx.password.upsert({
    where: { userId },
    create: { userId, hash, changedAt: now },
    update: { hash, changedAt: now },
  })
  await tx.passwordReset.deleteMany({ where: { userId, usedAt: null } })
  return endSessionRows(tx, { userId }, 'password_reset', now)
}

/**
 * Sets a person's password and ends their sessions; the operator's alone. It opens no door that SSO shuts: a break-glass that
 * the person proved with the old password is gone.
 */
export async function setPasswordOf(
  user: { id: string; email: string; name: string },
  password: string,
  now: Date = new Date(),
): Promise<{ ended: number }> {
  requireStrongPassword(password, user, 'password')
  const hash = await hashPassword(password)
  const ended = await inTransaction(async (tx) => {
    await auditForPerson(tx, user.id, 'operator', {
      action: 'user.password_set_by_operator',
      targetId: user.id,
    })
    await forgetBreakGlass(tx, user.id)
    return replacePassword(tx, user.id, hash, now)
  })
  await announceEnded(ended, 'password_reset')
  await forgiveAccount(user.email)
  return { ended: ended.length }
}

/** Removes reset links long past their time. Returns how many. */
export async function sweepResets(now: Date = new Date()): Promise<number> {
  const { count } = await db().passwordReset.deleteMany({
    where: { expiresAt: { lt: new Date(now.getTime() - RESET_TTL_MS) } },
  })
  return count
}
