import { sweepConnectorFlows } from './connection-flows'
import { sweepIdempotencyRecords } from './idempotency'
import { sweepResets } from './passwords'
import { sweepSessions } from './sessions'
import { sweepSignUps } from './sign-ups'
import { sweepSocialSignUps } from './social-accounts'
import { sweepSocialFlows } from './social-flows'
import { sweepUsedAssertions } from './sso-answers'
import { sweepSsoAttempts } from './sso-attempts'
import { sweepSsoFlows } from './sso-flows'
import { sweepThrottles } from './throttle'
import { sweepUsage } from './usage'

/** Removes what is past its time: dead sessions, links, sign-ups, throttles, kept answers and usage. Meant for once an hour; returns rows removed. */
export async function sweepExpired(now: Date = new Date()): Promise<number> {
  const counts = [
    await sweepSessions(now),
    await sweepResets(now),
    await sweepSignUps(now),
    await sweepThrottles(now),
    await sweepIdempotencyRecords(now),
    await sweepUsage(now),
    await sweepSsoFlows(now),
    await sweepSsoAttempts(now),
    await sweepUsedAssertions(now),
    await sweepSocialFlows(now),
    await sweepSocialSignUps(now),
    await sweepConnectorFlows(now),
  ]
  return counts.reduce((sum, count) => sum + count, 0)
}
