import { z } from 'zod'
import { TwigError } from '../core/errors'
import type { EdgeEnv } from '../env/edge'
import type { GateDependencies } from './gate'
import { webHmac } from './hmac'
import { keyMarks, sessionEndReason } from './key-cache'
import { decideKey } from './limiter'
import { INTERNAL_HEADER, signInternalCall } from './pass'
import { connectRedis } from './redis'

const VERIFY_PATH = '/api/internal/verify-key'
/** bcrypt at cost 12 takes about 0.25 s alone; a queue of first uses takes longer. */
const VERIFY_BUDGET_MS = 10_000

const Verification = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('filled') }),
  z.object({ kind: z.literal('mismatch') }),
  z.object({ kind: z.literal('mark'), reason: z.enum(keyMarks) }),
])

/** The gate's dependencies where only Web APIs and REST are at hand: edge middleware. */
export function edgeDependencies(env: EdgeEnv): GateDependencies {
  const redis = connectRedis(env.redisUrl, env.redisToken)
  const gatewayHmac = webHmac(env.gatewaySecret)
  const nowMs = () => Date.now()

  async function verifyKey(credential: string) {
    const body = JSON.stringify({ credential })
    const signature = await signInternalCall(VERIFY_PATH, body, gatewayHmac, Math.floor(nowMs() / 1000))
    const answer = await fetch(env.internalUrl + VERIFY_PATH, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', [INTERNAL_HEADER]: signature },
      body,
      redirect: 'error',
      cache: 'no-store',
      signal: AbortSignal.timeout(VERIFY_BUDGET_MS),
    })
    if (!answer.ok) throw new TwigError('temporarily_unavailable')
    return Verification.parse(await answer.json())
  }

  return {
    appUrl: env.appUrl,
    development: env.development,
    trustedProxyHops: env.trustedProxyHops,
    peerAppended: env.peerAppended,
    sessionHmac: webHmac(env.sessionSecret),
    pepper: webHmac(env.keyPepper),
    gatewayHmac,
    nowMs,
    decideKey: (question) => decideKey(redis, question),
    verifyKey,
    sessionEndReason: (sessionId) => sessionEndReason(redis, sessionId).catch(() => undefined),
    report: (error, requestId) => {
      const cause = error instanceof Error ? error.name : 'unknown'
      console.error(JSON.stringify({ level: 50, msg: 'gate cannot decide', requestId, cause }))
    },
  }
}
