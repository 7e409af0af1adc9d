import { z } from 'zod'
import { type Hmac, toHex } from '../core/hmac'
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
export function signPass(facts: PassFacts, hmac: Hmac, nowSeconds: number): Promise<string> {
  const isKept = facts.kind !== 'key' && facts.q.length <= QUERY_MAX
  const bounded = { p: facts.p.slice(0, PATH_MAX), q: isKept ? facts.q : '' }
  return signJws({ ...facts, ...bounded, aud: AUDIENCE, exp: nowSeconds + PASS_TTL_SECONDS }, hmac)
}

/** The facts of a pass that is ours and still good at `nowSeconds`, else null. Method and path are the caller's to compare. */
export async function readPass(
  token: string | null,
  hmac: Hmac,
  nowSeconds: number,
): Promise<PassFacts | null> {
  const claims = token ? await verifyJws(token, hmac) : null
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
export async function signInternalCall(
  path: string,
  body: string,
  hmac: Hmac,
  nowSeconds: number,
): Promise<string> {
  const claims = {
    aud: INTERNAL_AUDIENCE,
    p: path,
    b: toHex(await hmac(body)),
    exp: nowSeconds + INTERNAL_TTL_SECONDS,
  }
  return signJws(claims, hmac)
}

/** Whether an internal call's signature fits its path, and its body where that is at hand, at `nowSeconds`. */
export async function isInternalCall(
  token: string | null,
  path: string,
  body: string | null,
  hmac: Hmac,
  nowSeconds: number,
): Promise<boolean> {
  const claims = token ? await verifyJws(token, hmac) : null
  if (claims?.aud !== INTERNAL_AUDIENCE || claims.p !== path) return false
  if (body !== null && claims.b !== toHex(await hmac(body))) return false
  return typeof claims.exp === 'number' && claims.exp > nowSeconds && claims.exp <= nowSeconds + 60
}
