import { TwigError } from '../core/errors'
import type { RequestOrigin } from '../core/principal'
import { countAttempt, refusedAnswerAttempt, returnAttempt } from './throttle'

const isRefusal = (error: unknown) => error instanceof TwigError && error.status < 500

/**
 * Judges what came back from an identity provider, while the client's network has refusals left. One is taken beforehand, so
 * that answers sent at once are counted too, and given back unless the answer is refused; so good sign-ins cost nothing.
 * Throws too_many_failed_attempts before anything of the answer is looked at, and what `work` throws.
 * @param now null for Postgres's clock
 */
export async function withinRefusals<T>(
  { clientIp }: RequestOrigin,
  work: () => Promise<T>,
  now: Date | null = null,
): Promise<T> {
  const attempt = refusedAnswerAttempt(clientIp)
  await countAttempt(attempt, now)
  // A token that cannot be given back now comes by itself.
  const giveBack = () => returnAttempt(attempt).catch(() => undefined)
  try {
    const result = await work()
    await giveBack()
    return result
  } catch (error) {
    if (!isRefusal(error)) await giveBack()
    throw error
  }
}
