import type { BlockedEvent } from '../../core/access-log'
import { digestKey, generateKey, parseKey, verifyTag } from '../../core/api-key'
import { errorTable } from '../../core/errors'
import { newId } from '../../core/ids'
import { compileRanges } from '../../core/ip-ranges'
import type { Environment, Scope } from '../../core/principal'
import { SESSION_COOKIE, signSession } from '../../core/session'
import type { UsageEvent } from '../../core/usage'
import type { EdgeEnv } from '../../env/edge'
import { type GateDependencies, gate } from '../gate'
import { webHmac } from '../hmac'
import { edgeDependencies } from '../host'
import {
  changeKey,
  fillKey,
  judgeSession,
  type KeyFacts,
  type KeyMark,
  type OrganizationLimits,
  publishLimits,
  rememberRefusal,
} from '../key-cache'
import { keyJudge, type Verification } from '../key-judge'
import { decideKey } from '../limiter'
import type { Verdict } from '../verdict'
import { limitsOf } from './keys'
import { openTestRedis, type TestRedis } from './redis'

export const APP_URL = 'http://localhost:3000'

export type KeySources = Parameters<typeof keyJudge>[0]

/** A gate with everything real about it but the database behind the verifier. */
export interface World extends TestRedis {
  deps: GateDependencies
  /** The gate of another process, which reaches Redis or the verifier in other ways. */
  gateWith(sources: Partial<KeySources>): GateDependencies
  verifyKey: KeySources['verifyKey']
  /** What a key's row says, whatever its secret; nothing is cached. */
  readRow(keyId: string): Verification
  /** Credentials that the verifier was asked about. */
  verifications: string[]
  reports: { error: unknown; requestId: string }[]
  /** What the gate recorded for usage. */
  events: UsageEvent[]
  /** And for access logs. */
  blocked: BlockedEvent[]
  /** Addresses that sent forged keys. */
  forged: (string | null)[]
  /** A new key with its row; `cached` fills the cache as a first use would. */
  mint(options?: MintOptions): Promise<Minted>
  /** Changes of a key: the row first, then the cache. */
  revoke(keyId: string): Promise<void>
  disable(keyId: string): Promise<void>
  enable(keyId: string): Promise<void>
  narrow(keyId: string, scopes: Scope[]): Promise<void>
  /** From then on the key is refused, as after a rotation. */
  end(keyId: string, endsAtMs: number): Promise<void>
  /** Gives the key's organization another allowlist, null for none. */
  list(keyId: string, cidrs: string[] | null, coversConsole?: boolean): Promise<void>
  /** Gives it another plan or other limits. */
  settle(keyId: string, changes: Partial<OrganizationLimits>): Promise<void>
  /** Does the work in the middle of the next verification: the row is read, and the cache is not told yet. */
  overtake(work: () => Promise<void>): void
}

interface MintOptions {
  environment?: Environment
  scopes?: Scope[]
  perMinute?: Partial<Record<Scope, number>>
  organizationPerMinute?: Partial<Record<Scope, number>>
  /** Of another key of the world; an organization of its own when absent. */
  organizationId?: string
  /** Ranges of its organization's allowlist; no list when absent. */
  allowlist?: string[]
  cached?: boolean
}

interface Minted {
  key: string
  facts: KeyFacts
}

interface Row {
  facts: KeyFacts
  secret: string
  version: number
  revoked: boolean
  disabled: boolean
  limits: OrganizationLimits
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
    demandsPass: false,
    internalUrl: APP_URL,
    development: false,
    instances: 1,
  }
}

function refusalOf(row: Row, nowMs: number): Exclude<KeyMark, 'absent'> | null {
  if (row.revoked) return 'revoked'
  const { endsAtMs } = row.facts
  if (endsAtMs !== null && endsAtMs <= nowMs) return 'expired'
  return row.disabled ? 'disabled' : null
}

/** Opens a world whose one clock is Redis's and the gate's. */
export async function openWorld(): Promise<World> {
  const store = await openTestRedis()
  const { redis, clock } = store
  const rows = new Map<string, Row>()
  const verifications: string[] = []
  const reports: World['reports'] = []
  const events: UsageEvent[] = []
  const blocked: BlockedEvent[] = []
  const forged: (string | null)[] = []
  const env = edgeEnvOf(store.url, store.token)
  const pepper = webHmac(env.keyPepper)
  let overtaking: (() => Promise<void>) | null = null

  /** As the one in domain/, with a Map for Postgres and without bcrypt. */
  const verifyKey: KeySources['verifyKey'] = async (credential, proved) => {
    verifications.push(credential)
    const key = parseKey(credential)
    if (!key || !verifyTag(key, pepper)) return { kind: 'mismatch' }
    const row = rows.get(key.keyId)
    const reason = row ? refusalOf(row, clock.nowMs) : 'absent'
    const work = overtaking
    overtaking = null
    await work?.()
    if (!row || reason) {
      const mark = reason ?? 'absent'
      await rememberRefusal(redis, { keyId: key.keyId, version: row?.version ?? 0 }, mark).catch(() => {})
      return { kind: 'mark', reason: mark }
    }
    if (!proved && row.secret !== key.secret) return { kind: 'mismatch' }
    const { facts, version, limits } = row
    const digest = digestKey(key, pepper)
    const cached = await fillKey(redis, { facts, version, digest }, limits).then(
      () => true,
      () => false,
    )
    const { organizationId: _, version: __, allowlist, ...organization } = limits
    return { kind: 'verified' as const, cached, facts, organization, allowlist }
  }

  function readRow(keyId: string): Verification {
    const row = rows.get(keyId)
    const reason = row ? refusalOf(row, clock.nowMs) : 'absent'
    if (!row || reason) return { kind: 'mark', reason: reason ?? 'absent' }
    const { organizationId: _, version: __, allowlist, ...organization } = row.limits
    return { kind: 'verified', cached: false, facts: row.facts, organization, allowlist }
  }

  function gateWith(sources: Partial<KeySources>): GateDependencies {
    const judge = {
      decideKey: (question: Parameters<KeySources['decideKey']>[0]) => decideKey(redis, question),
      verifyKey,
      nowMs: () => clock.nowMs,
      onOutage: () => {},
      instances: env.instances,
      ...sources,
    }
    return {
      ...edgeDependencies(env),
      judgeKey: keyJudge(judge),
      judgeSession: (question) => judgeSession(redis, question).catch(() => undefined),
      nowMs: () => clock.nowMs,
      record: (event) => events.push(event),
      recordBlocked: (event) => blocked.push(event),
      noteForged: (clientIp) => forged.push(clientIp),
      noteDecision: () => {},
      report: (error, requestId) => reports.push({ error, requestId }),
    }
  }

  async function mint(options: MintOptions = {}): Promise<Minted> {
    const { environment = 'live', scopes = ['read', 'write'], cached = true } = options
    const { organizationId = newId('org') } = options
    const { key, keyId, secret } = generateKey(environment, pepper)
    const facts: KeyFacts = { id: keyId, name: 'CI', organizationId, environment, scopes, endsAtMs: null }
    const limits = {
      ...limitsOf(facts, options.perMinute, 1, options.organizationPerMinute),
      allowlist: options.allowlist ? listOf(options.allowlist) : null,
    }
    rows.set(keyId, { facts, secret, version: 1, revoked: false, disabled: false, limits })
    if (cached) await verifyKey(key, false)
    verifications.length = 0
    store.requests.length = 0
    return { key, facts }
  }

  async function change(keyId: string, apply: (row: Row) => Partial<Row>): Promise<void> {
    const row = rows.get(keyId)
    if (!row) throw new Error(`there is no key ${keyId}`)
    const changed = { ...row, ...apply(row), version: row.version + 1 }
    rows.set(keyId, changed)
    await changeKey(redis, { keyId, version: changed.version }, refusalOf(changed, clock.nowMs))
  }

  async function settle(keyId: string, changes: Partial<OrganizationLimits>): Promise<void> {
    const row = rows.get(keyId)
    if (!row) throw new Error(`there is no key ${keyId}`)
    row.limits = { ...row.limits, ...changes, version: row.limits.version + 1 }
    await publishLimits(redis, row.limits)
  }

  return {
    ...store,
    deps: gateWith({}),
    gateWith,
    verifyKey,
    readRow,
    verifications,
    reports,
    events,
    blocked,
    forged,
    mint,
    revoke: (keyId) => change(keyId, () => ({ revoked: true })),
    disable: (keyId) => change(keyId, () => ({ disabled: true })),
    enable: (keyId) => change(keyId, () => ({ disabled: false })),
    narrow: (keyId, scopes) => change(keyId, ({ facts }) => ({ facts: { ...facts, scopes } })),
    end: (keyId, endsAtMs) => change(keyId, ({ facts }) => ({ facts: { ...facts, endsAtMs } })),
    list: (keyId, cidrs, coversConsole = false) =>
      settle(keyId, { allowlist: cidrs && listOf(cidrs, coversConsole) }),
    settle,
    overtake: (work) => {
      overtaking = work
    },
  }
}

function listOf(cidrs: string[], coversConsole = false) {
  return { ...compileRanges(cidrs), coversConsole }
}

/** A request as it reaches the gate. */
export function requestTo(path: string, init: RequestInit = {}): Request {
  return new Request(APP_URL + path, init)
}

/** Asks the gate about an API call with a key. */
export async function call(
  deps: GateDependencies,
  method: string,
  path: string,
  key: string,
): Promise<Verdict> {
  return gate(requestTo(path, { method, headers: { Authorization: `Bearer ${key}` } }), deps)
}

/** The cookie of a session signed at `nowSeconds`, as a request carries it. */
export async function sessionCookie(
  deps: GateDependencies,
  nowSeconds: number,
  session = { sub: 'user_1', sid: 'sess_1', org: 'org_1' },
): Promise<string> {
  return `${SESSION_COOKIE}=${signSession(session, deps.sessionHmac, nowSeconds)}`
}

type Admission = Extract<Verdict, { kind: 'admit' }>

/** The verdict as an admission; throws with the refusal when it is none. */
export async function admitted(verdict: Verdict | Promise<Verdict>): Promise<Admission> {
  const judged = await verdict
  if (judged.kind === 'admit') return judged
  const told = 'status' in judged ? `${judged.status} ${judged.body}` : ''
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
  const { status } = judged
  const body = JSON.parse(judged.body ?? '') as Record<string, unknown>
  const code = String(body.code)
  if (!Object.hasOwn(errorTable, code) || body.status !== status) throw new Error(`not of the table: ${code}`)
  return { status, headers: new Headers(judged.headers), body }
}
