import { z } from 'zod'
import { type Hmac, toHex } from '../core/hmac'
import { pooledBase62 } from '../core/ids'
import { signJws, verifyJws } from '../core/jws'
import { environments, scopes } from '../core/principal'
import { OrganizationProfile } from './key-cache'

export const PASS_HEADER = 'x-twig-pass'
const PASS_TTL_SECONDS = 30
const AUDIENCE = 'twig:pass'

const shared = {
  /** Method and canonical path of the request it was made for. */
  m: z.string(),
  p: z.string(),
  /** Query, for the way back after signing in; empty with a key, which has none. */
  q: z.string(),
  requestId: z.string(),
  clientIp: z.string().nullable(),
}

const PassFacts = z.discriminatedUnion('kind', [
  z.object({ ...shared, kind: z.literal('anonymous') }),
  z.object({
    ...shared,
    kind: z.literal('user'),
    userId: z.string(),
    sessionId: z.string(),
    organizationId: z.string(),
    issuedAt: z.number(),
    expiresAt: z.number(),
  }),
  z.object({
    ...shared,
    kind: z.literal('key'),
    keyId: z.string(),
    keyName: z.string(),
    organizationId: z.string(),
    environment: z.enum(environments),
    scopes: z.array(z.enum(scopes)),
    organization: OrganizationProfile,
    /** What the gate's decision took, in microseconds. */
    gateUs: z.number().int().min(0),
  }),
])

/** What the gate vouches for. */
export type PassFacts = z.infer<typeof PassFacts>

/** A token has at most 4 KiB. A longer path is no row's; a longer query is left out and so not found again after signing in. */
const PATH_MAX = 300
const QUERY_MAX = 800

/** Signs the proof that the gate admitted this one request. */
export function signPass(facts: PassFacts, hmac: Hmac, nowSeconds: number): string {
  const isKept = facts.kind !== 'key' && facts.q.length <= QUERY_MAX
  const bounded = { p: facts.p.slice(0, PATH_MAX), q: isKept ? facts.q : '' }
  return signJws({ ...facts, ...bounded, aud: AUDIENCE, exp: nowSeconds + PASS_TTL_SECONDS }, hmac)
}

/** One for the process: the host in server/ and what Next bundled must see the same. */
const process = globalThis as unknown as {
  twigPasses?: Map<string, { facts: PassFacts; exp: number }>
  twigReceivers?: Map<string, (body: string) => void>
}
process.twigPasses ??= new Map()
process.twigReceivers ??= new Map()
const handed = process.twigPasses
const receivers = process.twigReceivers

/**
 * A pass that does not leave this process: 143 random bits that stand for the facts, which spares a signature and its
 * verification. It is good until it is taken back, for as long as a signed one at most.
 */
export function handPass(facts: PassFacts, nowSeconds: number): string {
  const token = pooledBase62(24)
  handed.set(token, { facts, exp: nowSeconds + PASS_TTL_SECONDS })
  return token
}

/** Ends a handed pass. Whoever hands one out takes it back when its request is answered. */
export function takeBackPass(token: string): void {
  handed.delete(token)
  receivers.delete(token)
}

/** Says who sends the body of the answer to a request with this pass, in this process. */
export function receiveAnswer(token: string, receive: (body: string) => void): void {
  receivers.set(token, receive)
}

/**
 * Hands the body of an answer to the server of this process, past two streams that Next would make of it.
 * @returns false when nobody receives it: the answer must carry it
 */
export function handAnswer(token: string | null, body: string): boolean {
  const receive = token === null ? undefined : receivers.get(token)
  receive?.(body)
  return receive !== undefined
}

/** The facts of a pass that is ours and still good at `nowSeconds`, else null. Method and path are the caller's to compare. */
export function readPass(token: string | null, hmac: Hmac, nowSeconds: number): PassFacts | null {
  if (token === null) return null
  const own = handed.get(token)
  if (own) return own.exp > nowSeconds ? own.facts : null
  const claims = verifyJws(token, hmac)
  if (!claims || claims.aud !== AUDIENCE) return null
  if (
    typeof claims.exp !== 'number' ||
    claims.exp <= nowSeconds ||
    claims.exp > nowSeconds + 2 * PASS_TTL_SECONDS
  ) {
    return null
  }
  const facts = PassFacts.safeParse(claims)
  return facts.success ? facts.data : null
}

/** Not an `x-twig-` name: server/ strips those, and this one is worthless without its signature. */
export const INTERNAL_HEADER = 'twig-internal-signature'
const INTERNAL_AUDIENCE = 'twig:internal'
const INTERNAL_TTL_SECONDS = 15

/** Signs a call from Twig to itself, bound to the path and the very body. */
export function signInternalCall(path: string, body: string, hmac: Hmac, nowSeconds: number): string {
  const claims = {
    aud: INTERNAL_AUDIENCE,
    p: path,
    b: toHex(hmac(body)),
    exp: nowSeconds + INTERNAL_TTL_SECONDS,
  }
  return signJws(claims, hmac)
}

/** Whether an internal call's signature fits its path, and its body where that is at hand, at `nowSeconds`. */
export function isInternalCall(
  token: string | null,
  path: string,
  body: string | null,
  hmac: Hmac,
  nowSeconds: number,
): boolean {
  const claims = token ? verifyJws(token, hmac) : null
  if (claims?.aud !== INTERNAL_AUDIENCE || claims.p !== path) return false
  if (body !== null && claims.b !== toHex(hmac(body))) return false
  return typeof claims.exp === 'number' && claims.exp > nowSeconds && claims.exp <= nowSeconds + 60
}
