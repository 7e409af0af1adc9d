import { parseAuthorization, standInKey, verifyTag } from '../core/api-key'
import { TwigError } from '../core/errors'
import type { ExplainInput, Explanation } from '../core/explain-schemas'
import { lackOfPlan } from '../core/plans'
import { API_BASE, apiAddress, resolvePolicy } from '../core/policy'
import { hasPermission, type Principal, requirePermission } from '../core/principal'
import { retryAfterSeconds } from '../core/rate-limits'
import { failedStep, type JudgedRequest, trailOf } from '../core/request-trail'
import { normalizeIp } from '../edge/client-ip'
import type { KnownKey } from '../edge/limiter'
import { type Rehearsal, rehearse } from '../edge/rehearsal'
import { nodeEnv } from '../env/node'
import { bucketLevels, cache } from '../store/cache'
import { nodeHmac } from '../store/hmac'
import { noSuchKey } from './api-keys'
import { findOwnKey, type KeyRow, toTrailKey } from './explained-keys'
import { readKeyRow, verifyApiKey } from './key-verifier'
import { organizationLimits } from './organization-limits'

const TEST_BASE = '/api/test/v1'

/** What the request would carry, and whose key it is where it is one of ours. */
interface Presented {
  authorization: string | null
  key: KeyRow | null
}

/** The key that an explanation is about. Throws not_found for any that is not of the caller's organization. */
async function present(principal: Principal, input: ExplainInput): Promise<Presented> {
  const pepper = nodeHmac(nodeEnv().secrets.keyPepper)
  if (input.key_id !== undefined) {
    const key = await findOwnKey(principal, input.key_id)
    if (!key) throw noSuchKey()
    return { authorization: `Bearer ${standInKey(key.id, key.environment, pepper)}`, key }
  }
  const authorization = input.authorization ?? (input.key === undefined ? null : `Bearer ${input.key}`)
  const parsed = parseAuthorization(authorization)
  if (typeof parsed === 'string' || !verifyTag(parsed, pepper)) return { authorization, key: null }
  const key = await findOwnKey(principal, parsed.keyId)
  if (!key) throw noSuchKey()
  return { authorization, key }
}

/** As a client sends it (RFC 3986, 5.2.4), with the API's base: that of the caller's own environment where none was given. */
function fullPath(principal: Principal, path: string): string {
  const { pathname, search } = new URL(`http://twig${path}`)
  if (apiAddress(pathname)) return pathname + search
  return (principal.environment === 'test' ? TEST_BASE : API_BASE) + pathname + search
}

/** Throws insufficient_role where somebody who may not see the allowlist asks about another address than their own. */
function addressOf(principal: Principal, text: string | null): string | null {
  if (text === null || text === '') return null
  const address = normalizeIp(text)
  if (address !== null && address !== principal.clientIp && !hasPermission(principal, 'security:read')) {
    const details = { fields: { client_ip: 'Leave it empty, or give your own' } }
    const message = 'Which addresses may come in is for admins: ask about your own, or about none.'
    throw new TwigError('insufficient_role', message, { details })
  }
  if (address !== null) return address
  const details = { fields: { client_ip: 'This is not an address' } }
  throw new TwigError('invalid_request', 'client_ip: This is not an address.', { details })
}

/**
 * What the gate would answer to a request, and why: its own decision on the present state, with nothing done, taken or
 * counted. Throws not_found for a key of another organization, insufficient_role as addressOf does, and an outage where Postgres does not answer.
 */
export async function explainRequest(principal: Principal, input: ExplainInput): Promise<Explanation> {
  requirePermission(principal, 'api-keys:read')
  const { appUrl, secrets } = nodeEnv()
  const clientIp = addressOf(principal, input.client_ip)
  const { authorization, key } = await present(principal, input)
  const path = fullPath(principal, input.path)
  const limits = await organizationLimits(principal.organizationId)
  const isById = input.key_id !== undefined
  const rehearsal = await rehearse(
    { method: input.method, path, authorization, clientIp, secure: input.scheme === 'https' },
    {
      appUrl,
      pepper: nodeHmac(secrets.keyPepper),
      redis: cache(),
      readRow: (credential) => (isById && key ? readKeyRow(key.id) : verifyApiKey(credential)),
      anySecret: isById,
      nowMs: Date.now,
    },
  )
  const known = knownOf(rehearsal)
  const address = addressedAs(input.method, path)
  const refused = refusalOf(rehearsal)
  const feature = address.needs?.feature
  // What the work then refuses before anything else.
  const refusal = refused ?? (feature ? lackOfPlan(limits.plan, feature) : null)
  const shownKey = key && toTrailKey(key)
  const judged: JudgedRequest = {
    method: input.method,
    ...address,
    key: shownKey,
    namedById: isById,
    clientIp,
    isListed: known?.isListed ?? null,
    plan: limits.plan,
    bucket: known?.bucket ?? null,
    admitted: refused === null,
    status: null,
    code: refusal?.code ?? null,
    message: refusal?.message ?? '',
  }
  return {
    admitted: refusal === null,
    status: refusal?.status ?? null,
    code: refusal?.code ?? null,
    error: refusal?.error ?? null,
    message: refusal?.message ?? null,
    docs: refusal && `${appUrl}/docs/errors#${refusal.code}`,
    failed_at: failedStep(judged),
    method: input.method,
    path,
    environment: address.environment,
    client_ip: clientIp,
    organization_plan: limits.plan,
    key: shownKey,
    steps: trailOf(judged),
    bucket: known && bucketOf(known),
    limits: key && (await bucketLevels(key.id, limits)),
  }
}

/** A refusal as the caller would read it. */
interface Refused {
  status: number
  code: string
  error: string
  message: string
}

function refusalOf({ verdict }: Rehearsal): Refused | null {
  if (verdict.kind === 'admit') return null
  const body: unknown = verdict.kind === 'refuse' ? JSON.parse(verdict.body ?? '{}') : {}
  const { status, code, error, message } = body as Partial<Refused>
  if (status === undefined || code === undefined || error === undefined || message === undefined) {
    throw new Error('the gate answered a rehearsal with something that is not an answer of the API')
  }
  return { status, code, error, message }
}

function knownOf({ decision }: Rehearsal): KnownKey | null {
  return decision && 'bucket' in decision ? decision : null
}

function bucketOf({ bucket: state }: KnownKey): Explanation['bucket'] {
  const { bucket: scope, holder, limit, remaining, degraded } = state
  return { scope, holder, limit, remaining, retry_after: retryAfterSeconds(state), degraded }
}

function addressedAs(method: string, path: string): Pick<JudgedRequest, 'path' | 'environment' | 'needs'> {
  const { pathname } = new URL(`http://twig${path}`)
  const address = apiAddress(pathname)
  const resolution = resolvePolicy(method, pathname)
  const row = resolution.kind === 'row' && resolution.row.audience === 'key' ? resolution.row : null
  return {
    path: address?.path ?? pathname,
    environment: address?.environment ?? 'live',
    needs: row?.scope && row.bucket ? { scope: row.scope, bucket: row.bucket, feature: row.feature } : null,
  }
}
