import { digestKey, generateKey, parseKey, verifyTag } from '../../core/api-key'
import { errorTable } from '../../core/errors'
import { newId } from '../../core/ids'
import type { Environment, Scope } from '../../core/principal'
import { DEFAULT_PER_MINUTE } from '../../core/rate-limits'
import { SESSION_COOKIE, signSession } from '../../core/session'
import type { EdgeEnv } from '../../env/edge'
import { type GateDependencies, gate } from '../gate'
import { webHmac } from '../hmac'
import { edgeDependencies } from '../host'
import { fillKey, type KeyFacts, rememberRefusal, sessionEndReason, tombstoneKey } from '../key-cache'
import { decideKey } from '../limiter'
import type { Verdict } from '../verdict'
import { openTestRedis, type TestRedis } from './redis'

export const APP_URL = 'http://localhost:3000'

/** A gate with everything real about it but the database behind the verifier. */
export interface World extends TestRedis {
  deps: GateDependencies
  /** Credentials that the verifier was asked about. */
  verifications: string[]
  reports: { error: unknown; requestId: string }[]
  /** A new key with its row; `cached` fills the cache as a first use would. */
  mint(options?: MintOptions): Promise<Minted>
  /** Deletes a key: the row first, then the cache. */
  revoke(keyId: string): Promise<void>
}

interface MintOptions {
  environment?: Environment
  scopes?: Scope[]
  perMinute?: Partial<Record<Scope, number>>
  cached?: boolean
}

interface Minted {
  key: string
  facts: KeyFacts
}

interface Row {
  facts: KeyFacts
  secret: string
  revoked: boolean
  perMinute: Record<Scope, number>
}

/** The gate's environment in a world: http, server/ in front, no proxies. */
export function edgeEnvOf(redisUrl: string, redisToken: string): EdgeEnv {
  return {
    appUrl: APP_URL,
    sessionSecret: 'a session secret of the tests, long enough',
    keyPepper: 'a key pepper of the tests, which is long enough',
    gatewaySecret: 'a gateway secret of the tests, long enough',
    redisUrl,
    redisToken,
    trustedProxyHops: 0,
    peerAppended: true,
    internalUrl: APP_URL,
    development: false,
  }
}

/** Opens a world whose one clock is Redis's and the gate's. */
export async function openWorld(): Promise<World> {
  const store = await openTestRedis()
  const { redis, clock } = store
  const rows = new Map<string, Row>()
  const verifications: string[] = []
  const reports: World['reports'] = []
  const env = edgeEnvOf(store.url, store.token)
  const pepper = webHmac(env.keyPepper)

  /** As the one in domain/, with a Map for Postgres and without bcrypt. */
  async function verifyKey(credential: string): ReturnType<GateDependencies['verifyKey']> {
    verifications.push(credential)
    const key = parseKey(credential)
    if (!key || !(await verifyTag(key, pepper))) return { kind: 'mismatch' }
    const row = rows.get(key.keyId)
    if (!row || row.revoked) {
      const reason = row ? 'revoked' : 'absent'
      await rememberRefusal(redis, key.keyId, reason)
      return { kind: 'mark', reason }
    }
    if (row.secret !== key.secret) return { kind: 'mismatch' }
    const { organizationId } = row.facts
    const limits = { organizationId, version: 1, perMinute: row.perMinute }
    await fillKey(redis, row.facts, await digestKey(key, pepper), limits)
    return { kind: 'filled' }
  }

  async function mint(options: MintOptions = {}): Promise<Minted> {
    const { environment = 'live', scopes = ['read', 'write'], cached = true } = options
    const { key, keyId, secret } = await generateKey(environment, pepper)
    const facts: KeyFacts = { id: keyId, name: 'CI', organizationId: newId('org'), environment, scopes }
    const perMinute = { ...DEFAULT_PER_MINUTE, ...options.perMinute }
    rows.set(keyId, { facts, secret, revoked: false, perMinute })
    if (cached) await verifyKey(key)
    verifications.length = 0
    store.requests.length = 0
    return { key, facts }
  }

  return {
    ...store,
    deps: {
      ...edgeDependencies(env),
      decideKey: (question) => decideKey(redis, question),
      sessionEndReason: (sessionId) => sessionEndReason(redis, sessionId).catch(() => undefined),
      nowMs: () => clock.nowMs,
      verifyKey,
      report: (error, requestId) => reports.push({ error, requestId }),
    },
    verifications,
    reports,
    mint,
    revoke: async (keyId) => {
      const row = rows.get(keyId)
      if (row) row.revoked = true
      await tombstoneKey(redis, keyId)
    },
  }
}

/** A request as it reaches the gate. */
export function requestTo(path: string, init: RequestInit = {}): Request {
  return new Request(APP_URL + path, init)
}

/** Asks the gate about an API call with a key. */
export function call(deps: GateDependencies, method: string, path: string, key: string): Promise<Verdict> {
  return gate(requestTo(path, { method, headers: { Authorization: `Bearer ${key}` } }), deps)
}

/** The cookie of a session signed at `nowSeconds`, as a request carries it. */
export async function sessionCookie(
  deps: GateDependencies,
  nowSeconds: number,
  session = { sub: 'user_1', sid: 'sess_1', org: 'org_1' },
): Promise<string> {
  return `${SESSION_COOKIE}=${await signSession(session, deps.sessionHmac, nowSeconds)}`
}

type Admission = Extract<Verdict, { kind: 'admit' }>

/** The verdict as an admission; throws with the refusal when it is none. */
export async function admitted(verdict: Verdict | Promise<Verdict>): Promise<Admission> {
  const judged = await verdict
  if (judged.kind === 'admit') return judged
  const told = 'response' in judged ? `${judged.response.status} ${await judged.response.text()}` : ''
  throw new Error(`expected an admission, got ${judged.kind} ${told}`)
}

/** What a refusal tells the caller. */
export interface Refusal {
  status: number
  headers: Headers
  body: Record<string, unknown>
}

/** The verdict as a refusal in the shape of the contract; throws when it is none or has another shape. */
export async function refused(verdict: Verdict | Promise<Verdict>): Promise<Refusal> {
  const judged = await verdict
  if (judged.kind !== 'refuse') throw new Error(`expected a refusal, got ${judged.kind}`)
  const { status, headers } = judged.response
  const body = (await judged.response.json()) as Record<string, unknown>
  const code = String(body.code)
  if (!Object.hasOwn(errorTable, code) || body.status !== status) throw new Error(`not of the table: ${code}`)
  return { status, headers, body }
}
