import { standInKey } from '../core/api-key'
import type { ErrorCode } from '../core/errors'
import type { Hmac } from '../core/hmac'
import type { Environment } from '../core/principal'
import { DEFAULT_PER_MINUTE } from '../core/rate-limits'
import { type GateDependencies, gate } from './gate'
import type { KnownKey, Settled } from './limiter'
import type { Answer } from './verdict'

/** A request that the gate refuses, and what it knows of the key. */
interface Scene {
  method?: string
  path?: string
  /** Of the Authorization header; a good key's when absent. */
  authorization?: string | null
  decision?: Settled
  secure?: boolean
  demandsPass?: boolean
  /** Of the caller; unknown when absent. */
  clientIp?: string
}

const NOW_MS = Date.UTC(2026, 0, 31, 9, 30)
const KEY_ID = 'key_a1b2C3d4E5f6'

/** Any will do: nothing that it signs leaves the sample. */
const samplePepper: Hmac = () => new Uint8Array(32).fill(7)

const bearer = (environment: Environment) => `Bearer ${standInKey(KEY_ID, environment, samplePepper)}`

function known(kind: KnownKey['kind'], remaining: number): KnownKey {
  const facts = { id: KEY_ID, name: 'CI', organizationId: 'org_1', endsAtMs: null } as const
  const limits = { perMinute: DEFAULT_PER_MINUTE, organizationPerMinute: DEFAULT_PER_MINUTE }
  return {
    kind,
    facts: { ...facts, environment: 'live', scopes: ['read'] },
    organization: { slug: 'acme', name: 'Acme', plan: 'free', ...limits },
    bucket: {
      bucket: 'execute',
      holder: 'key',
      limit: DEFAULT_PER_MINUTE.execute,
      remaining,
      nowMs: NOW_MS,
      waitMs: remaining > 0 ? 0 : 600,
      degraded: false,
    },
    isListed: kind === 'address',
  }
}

const scenes = {
  missing_authorization: { authorization: null },
  missing_bearer_prefix: { authorization: 'twigsk_live_…' },
  whitespace_in_key: { authorization: 'Bearer  twigsk_live_…' },
  invalid_key_format: { authorization: 'Bearer $TWIG_API_KEY' },
  invalid_api_key: { authorization: bearer('live').replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')) },
  wrong_environment: { authorization: bearer('test'), decision: known('known', 99) },
  revoked_api_key: { decision: { kind: 'mark', reason: 'revoked' } },
  disabled_api_key: { decision: { kind: 'mark', reason: 'disabled' } },
  expired_api_key: { decision: { kind: 'mark', reason: 'expired' } },
  ip_not_allowed: { decision: known('address', 99), clientIp: '203.0.113.7' },
  insufficient_scope: { decision: known('scope', 99) },
  rate_limit_exceeded: { decision: known('limit', 0) },
  insecure_transport: { secure: false },
  gate_required: { demandsPass: true },
  untrusted_origin: { path: '/account' },
  not_found: { path: '/api/v1/agent' },
  method_not_allowed: { method: 'PATCH' },
  temporarily_unavailable: {},
} as const satisfies Partial<Record<ErrorCode, Scene>>

type RefusedCode = keyof typeof scenes

/** The codes that the gate itself answers. */
export const refusedCodes = Object.keys(scenes) as RefusedCode[]

/** What the gate answers where it refuses with a code: its own words, made by the gate. Throws where it does not refuse. */
export async function refusalSample(code: RefusedCode, appUrl: string): Promise<Answer> {
  const scene: Scene = scenes[code]
  const { method = 'POST', path = '/api/v1/query', decision, secure = true, clientIp = null } = scene
  const authorization = scene.authorization === undefined ? bearer('live') : scene.authorization
  const headers: Readonly<Record<string, string | null>> = {
    authorization,
    'x-forwarded-proto': secure ? 'https' : 'http',
    'x-forwarded-for': clientIp,
  }
  const get = (name: string) => headers[name] ?? null
  const origin = secure ? appUrl : appUrl.replace(/^http:/, 'https:')
  const request = { method, url: origin + path, headers: { get, has: (name: string) => get(name) !== null } }
  const verdict = await gate(request, {
    ...dependencies(origin),
    demandsPass: scene.demandsPass ?? false,
    judgeKey: () => settled(decision),
  })
  if (verdict.kind !== 'refuse') throw new Error(`the gate does not refuse the sample of ${code}`)
  return verdict
}

async function settled(decision: Settled | undefined): Promise<Settled> {
  if (!decision) throw new Error('nothing answers in this sample')
  return decision
}

function dependencies(appUrl: string): Omit<GateDependencies, 'judgeKey'> {
  return {
    appUrl,
    pepper: samplePepper,
    sessionHmac: samplePepper,
    gatewayHmac: samplePepper,
    development: false,
    trustedProxyHops: 0,
    peerAppended: true,
    demandsPass: false,
    makePass: () => '',
    nowMs: () => NOW_MS,
    judgeSession: async () => ({ kind: 'open' }),
    record: () => {},
    recordBlocked: () => {},
    noteForged: () => {},
    noteDecision: () => {},
    report: () => {},
  }
}
