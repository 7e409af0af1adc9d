import type { Hmac } from '../core/hmac'
import { type GateDependencies, gate } from './gate'
import { keyJudge, type Verification } from './key-judge'
import { peekKey, type Settled } from './limiter'
import type { VerifiedKey } from './local-limiter'
import type { GateRedis } from './redis'
import type { GateRequest } from './request-facts'
import type { Verdict } from './verdict'

/** A request to be judged without being made. */
export interface RehearsedRequest {
  method: string
  /** With the API's base. */
  path: string
  /** Of the Authorization header; null for none. */
  authorization: string | null
  clientIp: string | null
  secure: boolean
}

/** What the rehearsal asks besides the gate's own rules. */
interface RehearsalSources {
  appUrl: string
  pepper: Hmac
  redis: GateRedis
  /** What the key's row says, where Redis does not know the key. Throws on an outage. */
  readRow(credential: string): Promise<Verification>
  /** The key was named by its id, so that any secret will do. */
  anySecret: boolean
  nowMs(): number
}

/** What the gate would answer, and what it knew of the key where it came as far as that. */
export interface Rehearsal {
  verdict: Verdict
  decision: Settled | null
}

/** Signs and reads nothing: no page is judged, and no pass made. */
const noHmac: Hmac = () => new Uint8Array(32)

/**
 * Has the gate itself judge a request that nobody makes: its own code, on the present state of Redis, with nothing taken,
 * recorded or let through. While Redis is away the buckets count as full, as those of a process do.
 */
export async function rehearse(
  request: RehearsedRequest,
  { appUrl, pepper, redis, readRow, anySecret, nowMs }: RehearsalSources,
): Promise<Rehearsal> {
  let row: VerifiedKey | null = null
  let decision: Settled | null = null
  const judgeKey = keyJudge({
    decideKey: (question) => peekKey(redis, anySecret ? { ...question, digest: '' } : question, row),
    async verifyKey(credential) {
      const verification = await readRow(credential)
      if (verification.kind !== 'verified') return verification
      row = verification
      // Redis is asked once more, on what was read.
      return { ...verification, cached: true }
    },
    nowMs,
    onOutage: () => {},
    instances: 1,
  })
  const deps: GateDependencies = {
    appUrl,
    pepper,
    nowMs,
    development: false,
    trustedProxyHops: 0,
    peerAppended: true,
    demandsPass: false,
    sessionHmac: noHmac,
    gatewayHmac: noHmac,
    makePass: () => '',
    judgeKey: async (question, credential) => {
      decision = await judgeKey(question, credential)
      return decision
    },
    judgeSession: async () => ({ kind: 'open' }),
    record: () => {},
    recordBlocked: () => {},
    noteForged: () => {},
    noteDecision: () => {},
    report: () => {},
  }
  const verdict = await gate(asGateRequest(request, appUrl), deps)
  return { verdict, decision }
}

function asGateRequest(
  { method, path, authorization, clientIp, secure }: RehearsedRequest,
  appUrl: string,
): GateRequest {
  const headers: Readonly<Record<string, string | null>> = {
    authorization,
    'x-forwarded-for': clientIp,
    'x-forwarded-proto': secure ? 'https' : 'http',
  }
  const get = (name: string) => headers[name] ?? null
  return { method, url: appUrl + path, headers: { get, has: (name) => get(name) !== null } }
}
