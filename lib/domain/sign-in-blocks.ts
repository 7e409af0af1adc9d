import { blockedEvent } from '../core/access-log'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { inBackground } from '../store/background'
import { membershipsOfAddress } from './organizations'
import type { SignInOrigin } from './sessions'
import { type Attempt, countAttempt } from './throttle'
import { recordBlocked } from './usage-recorder'

const MINUTE_MS = 60_000
const NOTED_MAX = 10_000

/** Accounts and addresses that were noted lately, and in which minute: a flood is one row a minute. */
const noted = new Map<string, number>()

function isFirst(name: string, nowMs: number): boolean {
  const minute = Math.floor(nowMs / MINUTE_MS)
  if (noted.get(name) === minute) return false
  if (noted.size >= NOTED_MAX) noted.clear()
  noted.set(name, minute)
  return true
}

/** Looked up whoever it is, after the answer: how long it takes tells nobody whether there is such an account. */
async function noteThrottled(
  email: string,
  { clientIp = null, userAgent = null, requestId }: { [Key in keyof SignInOrigin]: SignInOrigin[Key] | null },
  path: string,
): Promise<void> {
  const timeMs = Date.now()
  if (!isFirst(`${email} ${clientIp}`, timeMs)) return
  for (const { userId, organizationId } of await membershipsOfAddress(email)) {
    const who = { requestId: requestId ?? newId('req'), timeMs, organizationId, userId, clientIp, userAgent }
    const what = {
      reason: 'sign_in_throttle',
      code: 'too_many_failed_attempts',
      method: 'POST',
      path,
    } as const
    recordBlocked(blockedEvent({ ...who, ...what }))
  }
}

/**
 * Counts an attempt to sign in to an account. One too many stands in the access log of every organization that its person
 * belongs to, once a minute and address. Throws too_many_failed_attempts.
 * @param path where it was made
 */
export async function countSignIn(
  attempt: Attempt,
  email: string,
  origin: SignInOrigin,
  path: string,
): Promise<void> {
  try {
    await countAttempt(attempt)
  } catch (error) {
    if (error instanceof TwigError && error.code === 'too_many_failed_attempts')
      inBackground('access log', () => noteThrottled(email, origin, path))
    throw error
  }
}
