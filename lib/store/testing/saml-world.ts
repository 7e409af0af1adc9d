import { readSamlResponse } from '../../core/saml-reading'
import { judgeSamlResponse, type SamlExpectation, type SamlVerdict } from '../../core/saml-response'
import { samlCrypto } from '../saml-crypto'
import { type IdpKeys, makeIdpKeys, responseXml, type SamlClaims, signXml } from './saml-idp'

export const NOW = new Date('2026-03-04T05:06:07.000Z')
export const ACS_URL = 'https://twig.example.com/api/auth/saml/acs'
export const AUDIENCE = 'https://twig.example.com/api/auth/saml/metadata'
export const ISSUER = 'https://idp.example.com/metadata'
const REQUEST_ID = '_request1'

/** The keys of the connection's identity provider. */
export const idpKeys: IdpKeys = makeIdpKeys()

/** What a good answer claims, but for the changes. */
export function claims(changes: Partial<SamlClaims> = {}): SamlClaims {
  const base = { now: NOW, issuer: ISSUER, audience: AUDIENCE, acsUrl: ACS_URL, requestId: REQUEST_ID }
  return { ...base, nameId: 'ada@acme.test', ...changes }
}

/** The same as a document whose assertion is signed. */
export function signedResponse(changes: Partial<SamlClaims> = {}): string {
  return signXml(responseXml(claims(changes)), { keys: idpKeys })
}

/** What the gate makes of a document that answers the connection's request. */
export function judge(xml: string, changes: Partial<SamlExpectation> = {}, now: Date = NOW): SamlVerdict {
  const expectation: SamlExpectation = {
    issuer: ISSUER,
    certificates: [idpKeys.der],
    audience: AUDIENCE,
    acsUrl: ACS_URL,
    requestId: REQUEST_ID,
    idpInitiated: false,
    mapping: { email: null, name: null },
    ...changes,
  }
  return judgeSamlResponse(readSamlResponse(xml), expectation, samlCrypto, now)
}

/** Names of the checks that failed. */
export function failures(verdict: SamlVerdict): string[] {
  return [...new Set(verdict.checks.flatMap(({ check, ok }) => (ok ? [] : [check])))]
}
