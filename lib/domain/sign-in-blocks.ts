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

type Memberships = ReturnType<typeof membershipsOfAddress>

/** Whose accounts were tried lately, and in which minute they were looked up: a flood is one look a minute. */
const noted = new Map<string, { minute: number; memberships: Memberships }>()

function membershipsOf(email: string, nowMs: number): Memberships {
  const minute = Math.floor(nowMs / MINUTE_MS)
  const known = noted.get(email)
  if (known?.minute === minute) return known.memberships
  if (noted.size >= NOTED_MAX) noted.clear()
  const memberships = membershipsOfAddress(email)
  noted.set(email, { minute, memberships })
  memberships.catch(() => noted.delete(email))
  return memberships
}

/** Looked up whoever it is, after the answer: how long it takes tells nobody whether there is such an account. */
async function noteThrottled(
  email: string,
  { clientIp = null, userAgent = null, requestId }: { [Key in keyof SignInOrigin]: SignInOrigin[Key] | null },
  path: string,
): Promise<void> {
  const timeMs = Date.now()
  for (const { userId, organizationId } of await membershipsOf(email, timeMs)) {
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
 * Counts an attempt to sign in to an account. Those that are too many stand in the access log of every organization that
 * its person belongs to, in one row a minute and address. Throws too_many_failed_attempts.
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
