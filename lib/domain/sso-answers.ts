import { setImmediate } from 'node:timers/promises'
import { domainOf } from '../core/domain-names'
import { canonicalEmail } from '../core/email'
import type { RequestOrigin } from '../core/principal'
import { type ReadResponse, readSamlResponse } from '../core/saml-reading'
import { issuersOf, judgeSamlResponse, type SamlVerdict } from '../core/saml-response'
import { db } from '../store/db'
import { sha256 } from '../store/hmac'
import { acsUrl, decodeSamlResponse, finishSaml, spEntityId } from '../store/idp'
import { decryptWith, samlCrypto } from '../store/saml-crypto'
import { samlKey } from '../store/saml-key'
import { organizationsOwning, ownerOfDomain } from './domains'
import { connectionsForUnasked, type SsoConnectionRow, samlConnectionOf } from './sso-connections'
import { findFlowByRelay, insertUnaskedFlow } from './sso-flows'
import {
  type AnsweredFlow,
  conclude,
  configurationCheck,
  domainCheck,
  failed,
  type Judged,
  judgedBy,
  NOBODY,
  refusal,
  requireFirstAnswer,
} from './sso-verdicts'

/** Uses an assertion up; false for one that was used before. Postgres keeps it: without it nobody signs in. */
async function claimAssertion(connectionId: string, assertionId: string, expiresAt: Date): Promise<boolean> {
  const id = sha256(JSON.stringify([connectionId, assertionId]))
  const { count } = await db().usedAssertion.createMany({ data: [{ id, expiresAt }], skipDuplicates: true })
  return count === 1
}

/** Removes what is known of assertions that are too old to be taken anyway. Returns how many. */
export async function sweepUsedAssertions(now: Date = new Date()): Promise<number> {
  const { count } = await db().usedAssertion.deleteMany({ where: { expiresAt: { lt: now } } })
  return count
}

/** Reads what was posted; the key is looked for only where something is encrypted. */
async function read(xml: string): Promise<ReadResponse> {
  const key = xml.includes('EncryptedAssertion') ? (await samlKey()).privateKey : null
  return readSamlResponse(xml, decryptWith(key))
}

/** Judges by what the connection is. */
function judge(
  row: SsoConnectionRow,
  response: ReadResponse,
  requestId: string | null,
  now: Date,
): SamlVerdict {
  const { entityId, certificates } = samlConnectionOf(row)
  const expectation = {
    issuer: entityId,
    certificates,
    audience: spEntityId(),
    acsUrl: acsUrl(),
    requestId,
    idpInitiated: row.idpInitiated,
    mapping: { email: row.emailAttribute, name: row.nameAttribute },
  }
  return judgeSamlResponse(response, expectation, samlCrypto, now)
}

/** The checks that need a store, after those of the document: once only, the library's own opinion, the domain. */
async function judgeFurther(
  row: SsoConnectionRow,
  { checks, identity, email: claimed, isHidden }: SamlVerdict,
  answer: { encoded: string; relay: string | null },
): Promise<Judged> {
  const all = [...checks]
  if (!identity) {
    if (claimed !== null) all.push(await domainCheck(row, claimed))
    return { checks: all, identity: null }
  }
  const { assertionId, expiresAt, subject, email, name } = identity
  const domain = await domainCheck(row, email)
  if (isHidden && !domain.ok) {
    // Whoever put it there may not learn whom it is about.
    return { checks: [...all, { ...domain, received: 'another, which is not shown' }], identity: null }
  }
  const isFirst = await claimAssertion(row.id, assertionId, expiresAt)
  all.push({
    check: 'single_use',
    expected: 'an assertion that was not used before',
    received: assertionId,
    ok: isFirst,
  })
  if (!isFirst) return { checks: all, identity: null }
  const library = await finishSaml(samlConnectionOf(row), answer)
  const agrees = library.ok && library.nameId === subject
  const opinion = library.ok ? `the NameID ${library.nameId ?? 'of nobody'}` : 'a refusal'
  all.push({
    check: 'library',
    expected: `saml-jackson reads the NameID ${subject} too`,
    received: opinion,
    ok: agrees,
  })
  all.push(domain)
  return { checks: all, identity: { issuer: samlConnectionOf(row).entityId, subject, email, name } }
}

/** The entity id that a response names as its issuer, unproven; null where there is none. */
function claimedIssuer({ root }: ReadResponse): string | null {
  return (root && issuersOf(root)[0]) ?? null
}

const NAMED_DOMAIN = /@([^\s@<>"'&]{1,253})/g
/** Domains that are looked for, in one query; an answer names one as a rule. */
const NAMED_MAX = 20
const PLACES_MAX = 200
/** Candidates for an answer that names nobody in the clear; read and opened once for all of them. */
const ENCRYPTED_CANDIDATES_MAX = 20

/** Organizations that own a domain which a document names in an address, as far as it can be read. */
function organizationsNamed(xml: string): Promise<string[]> {
  const domains = new Set<string>()
  let places = 0
  for (const [, name = ''] of xml.matchAll(NAMED_DOMAIN)) {
    const email = canonicalEmail(`x@${name}`)
    if (email) domains.add(domainOf(email))
    places += 1
    if (domains.size >= NAMED_MAX || places >= PLACES_MAX) break
  }
  return organizationsOwning([...domains])
}

/**
 * Connections with the issuer that a document names. Many organizations may have one identity provider: first those whose
 * people it speaks of, so that no others with its entity id crowd them out; where that is encrypted, more of them, those of
 * organizations that own a domain.
 */
async function candidatesFor(response: ReadResponse, xml: string): Promise<SsoConnectionRow[]> {
  const issuer = claimedIssuer(response)
  if (issuer === null) return []
  if (response.opened) return connectionsForUnasked(issuer, 'owners', ENCRYPTED_CANDIDATES_MAX)
  const named = await connectionsForUnasked(issuer, await organizationsNamed(xml))
  return named.length > 0 ? named : connectionsForUnasked(issuer, null)
}

const isProven = ({ checks }: SamlVerdict) => checks.some(({ check, ok }) => check === 'signature' && ok)

/**
 * An answer to nothing that we asked: of the connections with its issuer one whose checks it passes, else the one that
 * signed it, so that its organization finds why it was refused.
 */
async function answerUnasked(
  xml: string,
  encoded: string,
  origin: RequestOrigin,
  now: Date,
): Promise<AnsweredFlow> {
  const response = await read(xml)
  const verdicts: Array<{ row: SsoConnectionRow; verdict: SamlVerdict }> = []
  for (const row of await candidatesFor(response, xml)) {
    verdicts.push({ row, verdict: judge(row, response, null, now) })
    // Others are not to wait for all of them.
    await setImmediate()
  }
  const passing = verdicts.filter(({ verdict }) => verdict.identity)
  // Organizations may share an identity provider: its word goes to the one that owns the address's domain.
  const email = passing[0]?.verdict.email
  const owner = email ? await ownerOfDomain(domainOf(email)) : null
  const best =
    passing.find(({ row }) => row.organizationId === owner) ??
    passing[0] ??
    verdicts.find(({ verdict }) => isProven(verdict)) ??
    verdicts[0]
  if (!best) {
    const expected = 'an answer to a request of ours: no connection has this issuer'
    const issuer = claimedIssuer(response)
    const check = failed('in_response_to', expected, issuer ?? 'an answer that names nobody')
    throw await refusal(NOBODY, judgedBy(check), origin, now)
  }
  const { row } = best
  const judged = await judgeFurther(row, best.verdict, { encoded, relay: null })
  const place = { organizationId: row.organizationId, connectionId: row.id, purpose: 'sign_in' as const }
  if (!judged.identity || judged.checks.some(({ ok }) => !ok)) throw await refusal(place, judged, origin, now)
  const { id: flowId, state } = await insertUnaskedFlow(row, judged.identity, now)
  return { flowId, state }
}

/**
 * Takes what was posted to the assertion consumer service, from any site. What it comes to is kept for the browser that
 * began the journey, which finishSso demands; this alone signs nobody in.
 * Throws sso_invalid_assertion and sso_domain_not_allowed with a reference, temporarily_unavailable.
 */
export async function answerSaml(
  input: { samlResponse: string; relayState: string | null },
  origin: RequestOrigin,
  now: Date = new Date(),
): Promise<AnsweredFlow> {
  const { samlResponse: encoded, relayState } = input
  const found = relayState ? await findFlowByRelay(relayState) : null
  const flow = found?.connection.kind === 'saml' ? found : null
  const decoded = decodeSamlResponse(encoded)
  const unreadable =
    typeof decoded === 'string'
      ? failed('message', 'a SAMLResponse in base64, of at most 256 kB', decoded)
      : null
  if (!flow) {
    if (typeof decoded !== 'string') return answerUnasked(decoded.xml, encoded, origin, now)
    throw await refusal(NOBODY, { checks: unreadable ? [unreadable] : [], identity: null }, origin, now)
  }
  await requireFirstAnswer(flow, origin, now)
  const obstacle = unreadable ?? configurationCheck(flow)
  if (obstacle || typeof decoded === 'string') {
    return conclude(flow, { checks: obstacle ? [obstacle] : [], identity: null }, origin, now)
  }
  const verdict = judge(flow.connection, await read(decoded.xml), flow.requestId, now)
  const judged = await judgeFurther(flow.connection, verdict, { encoded, relay: flow.relay })
  return conclude(flow, judged, origin, now)
}
