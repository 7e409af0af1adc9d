import { randomBytes } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { UserPrincipal } from '../../core/principal'
import type { BeginSocialInput, SocialProvider } from '../../core/social'
import { restoreEnvironment, setEnvironment } from '../../env/testing/environment'
import { backgroundSettled } from '../../store/background'
import { db } from '../../store/db'
import { type SocialOp, startSocialOp } from '../../store/testing/social-op'
import { findActiveSession, type StartedSession } from '../sessions'
import { finishSocial } from '../social'
import { beginLinking, beginSocial } from '../social-flows'
import type { BegunFlow } from '../sso-flows'

export const TENANT = '11111111-2222-4333-8444-555555555555'
export const OTHER_TENANT = '99999999-2222-4333-8444-555555555555'

/** Who somebody is at a provider: a subject of their own, and an address that it calls verified; at Google of a Workspace. */
export function claimsOf(email: string, more: JWTPayload = {}): JWTPayload {
  const hd = email.slice(email.indexOf('@') + 1)
  return {
    sub: randomBytes(8).toString('hex'),
    email,
    email_verified: true,
    hd,
    name: 'Ada Lovelace',
    ...more,
  }
}

/** Providers in the place of Google and Microsoft, for the tests of one file; Microsoft's is one of many tenants. */
export function socialWorld() {
  let ops: { google: SocialOp; microsoft: SocialOp } | undefined
  const op = (provider: SocialProvider) => {
    if (!ops) throw new Error('the providers do not run')
    return ops[provider]
  }
  /** What its discovery document says instead of an issuer. */
  const manyTenants = () => ({ issuer: `${op('microsoft').origin}/{tenantid}/v2.0` })
  /** What Microsoft's many-tenant issuer adds to a token of a tenant. */
  const tenant = (tid: string): JWTPayload => ({ tid, iss: `${op('microsoft').origin}/${tid}/v2.0` })

  return {
    op,
    tenant,
    begin: async (variables: Record<string, string | undefined> = {}) => {
      ops ??= { google: await startSocialOp(), microsoft: await startSocialOp('/common/v2.0') }
      ops.google.behave()
      ops.microsoft.behave({ discovery: manyTenants() })
      const { id, secret } = ops.google.client
      setEnvironment({
        SIGNUP: 'open',
        GOOGLE_CLIENT_ID: id,
        GOOGLE_CLIENT_SECRET: secret,
        GOOGLE_ISSUER: ops.google.issuer,
        MICROSOFT_CLIENT_ID: id,
        MICROSOFT_CLIENT_SECRET: secret,
        MICROSOFT_ISSUER: ops.microsoft.issuer,
        ...variables,
      })
    },
    end: async () => {
      await backgroundSettled()
      restoreEnvironment()
      await ops?.google.close()
      await ops?.microsoft.close()
    },
    manyTenants,
  }
}

export type SocialWorld = ReturnType<typeof socialWorld>

export const origin = { clientIp: null, requestId: 'req_social', userAgent: 'curl/8.0' }

/** The whole journey of one person in one browser. */
export async function journey(
  world: SocialWorld,
  provider: SocialProvider,
  claims: JWTPayload,
  from: Omit<BeginSocialInput, 'provider'> = {},
) {
  const begun = await beginSocial({ provider, ...from }, origin)
  return back(world, provider, begun, claims, null)
}

/** Linking from the account page of somebody signed in. */
export async function linking(
  world: SocialWorld,
  provider: SocialProvider,
  claims: JWTPayload,
  principal: UserPrincipal,
) {
  const begun = await beginLinking(principal, { provider })
  return back(world, provider, begun, claims, principal)
}

/** Comes back from the provider with what began. */
export function back(
  world: SocialWorld,
  provider: SocialProvider,
  { id: flowId, url, state }: BegunFlow,
  claims: JWTPayload,
  viewer: UserPrincipal | null,
) {
  const callback = world.op(provider).agree(url, claims)
  return finishSocial({ provider, flowId, state, callback }, origin, viewer)
}

/** The person whom a cookie is for, in their session. */
export async function principalOf({ sub: userId, sid: sessionId }: StartedSession): Promise<UserPrincipal> {
  const found = await findActiveSession({ userId, sessionId, issuedAt: Math.floor(Date.now() / 1000) })
  if ('ended' in found) throw new Error(`the session has ended: ${found.ended}`)
  const { organization, role } = found
  return {
    kind: 'user',
    userId,
    sessionId,
    organizationId: organization.id,
    role,
    environment: 'live',
    requestId: 'req_social',
    clientIp: null,
  }
}

/** What was written down of a refusal. */
export async function attemptOf(reference: unknown) {
  return db().ssoAttempt.findUniqueOrThrow({ where: { id: String(reference) } })
}
