import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { TwigError } from '../../core/errors'
import { writeIdpMetadata } from '../../core/saml-metadata'
import { db } from '../../store/db'
import { acsUrl, spEntityId } from '../../store/idp'
import {
  type IdpKeys,
  makeIdpKeys,
  responseXml,
  type SamlClaims,
  signXml,
} from '../../store/testing/saml-idp'
import { vouchForDomain } from '../domain-proofs'
import { answerSaml } from '../sso-answers'
import { finishSso } from '../sso-arrivals'
import { addSsoConnection } from '../sso-connection-changes'
import { type BegunFlow, beginSso } from '../sso-flows'
import type { AnsweredFlow } from '../sso-verdicts'
import { personOf, tenant } from './tenants'

/** Where the requests of a test come from. */
export const origin = { clientIp: '192.0.2.7', requestId: 'req_test' }

/** A name that nothing else has. */
export const fresh = () => randomBytes(6).toString('hex')

/** An organization with a domain of its own. */
export async function company() {
  const { organization, operator } = await tenant('enterprise')
  const domain = `c${fresh()}.example`
  await vouchForDomain(operator, { domain })
  return {
    organizationId: organization.id,
    operator,
    domain,
    admin: await personOf(organization.id, 'admin'),
  }
}

/** Key pairs of companies, in turn: making one takes a tenth of a second, and neighbours only must not have the same. */
const pairs: IdpKeys[] = []
const PAIRS = 4
let companies = 0

function nextPair(): IdpKeys {
  const place = companies % PAIRS
  companies += 1
  pairs[place] ??= makeIdpKeys()
  return pairs[place]
}

interface SamlOptions {
  keys?: IdpKeys
  more?: IdpKeys[]
  idp_initiated?: boolean
  email_attribute?: string | null
}

/** The same with a SAML connection, and an identity provider that answers for it. */
export async function samlCompany(options: SamlOptions = {}) {
  const { keys = nextPair(), more = [], ...settings } = options
  const place = await company()
  const issuer = `https://${place.domain}/idp`
  const xml = writeIdpMetadata({
    entityId: issuer,
    ssoUrl: `${issuer}/sso`,
    certificates: [keys, ...more].map(({ der }) => der),
  })
  const connection = await addSsoConnection(place.operator, {
    kind: 'saml',
    provider: 'saml',
    metadata_xml: xml,
    idp_initiated: false,
    ...settings,
  })
  return { ...place, connection, issuer, keys, email: `ada@${place.domain}` }
}

export type SamlCompany = Awaited<ReturnType<typeof samlCompany>>

/** A journey that began, with what its answer must hold. */
export interface Journey extends BegunFlow {
  relay: string | null
  requestId: string | null
  nonce: string | null
}

/** Begins as the page does, from a network of its own: those of one are throttled. */
export async function begin(email: string, now?: Date): Promise<Journey> {
  const [, high, low] = /^(.{4})(.{4})/.exec(fresh()) ?? []
  return withSecrets(await beginSso({ email }, { ...origin, clientIp: `2001:db8:${high}:${low}::1` }, now))
}

/** What the identity provider is told of a journey. */
export async function withSecrets(begun: BegunFlow): Promise<Journey> {
  const select = { relay: true, requestId: true, nonce: true }
  return { ...begun, ...(await db().ssoFlow.findUniqueOrThrow({ where: { id: begun.id }, select })) }
}

/** What a good answer of the company's identity provider claims, but for the changes. */
export function claimsOf(place: SamlCompany, requestId: string | null, changes: Partial<SamlClaims> = {}) {
  const ids = { responseId: `_r${fresh()}`, assertionId: `_a${fresh()}` }
  const base = { now: new Date(), issuer: place.issuer, audience: spEntityId(), acsUrl: acsUrl() }
  return { ...base, ...ids, requestId, nameId: place.email, ...changes } satisfies SamlClaims
}

/** A good answer with a signed assertion. */
export function answerOf(place: SamlCompany, requestId: string | null, changes: Partial<SamlClaims> = {}) {
  return signXml(responseXml(claimsOf(place, requestId, changes)), { keys: place.keys })
}

const encode = (xml: string) => Buffer.from(xml).toString('base64')

/** Posts a document as the browser would. */
export function post(xml: string, relayState: string | null, now?: Date): Promise<AnsweredFlow> {
  return answerSaml({ samlResponse: encode(xml), relayState }, origin, now)
}

/** The browser that began a journey comes for its session. */
export function finish({ id: flowId, state }: { id: string; state: string }, isConfirmed = false) {
  return finishSso({ flowId, state, isConfirmed }, origin)
}

/** Who of an organization is signed in by SSO. */
export function sessionsOf(organizationId: string): Promise<number> {
  return db().session.count({ where: { organizationId, method: 'sso' } })
}

/** The names of what failed in the attempt that a refusal refers to, and the refusal's code. */
export async function refusedFor(work: Promise<unknown>): Promise<{ code: string; failed: string[] }> {
  const error = await work.then(
    () => null,
    (error: unknown) => error,
  )
  expect(error, 'it was not refused').toBeInstanceOf(TwigError)
  const { code, details } = error as TwigError
  const id = String(details.reference)
  const attempt = await db().ssoAttempt.findUniqueOrThrow({ where: { id } })
  return { code, failed: failuresOf(attempt) }
}

/** Names of the failed checks of an attempt. */
export function failuresOf(attempt: { checks: unknown }): string[] {
  const checks = attempt.checks as Array<{ check: string; ok: boolean }>
  return [...new Set(checks.flatMap(({ check, ok }) => (ok ? [] : [check])))]
}

/** How many attempts of an organization stand in the log. */
export function attemptsOf(organizationId: string): Promise<number> {
  return db().ssoAttempt.count({ where: { organizationId } })
}
