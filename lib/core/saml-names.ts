/** Namespaces and identifiers of SAML 2.0 and XML signatures. */
export const SAML = {
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  metadata: 'urn:oasis:names:tc:SAML:2.0:metadata',
  success: 'urn:oasis:names:tc:SAML:2.0:status:Success',
  bearer: 'urn:oasis:names:tc:SAML:2.0:cm:bearer',
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  redirectBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  postBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
} as const

export const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
export const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const ENVELOPED = `${DSIG}enveloped-signature`

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const XENC = 'http://www.w3.org/2001/04/xmlenc#'

/** How a signature is made, as node:crypto needs to know it. */
export interface SignatureAlgorithm {
  key: 'rsa' | 'ec'
  hash: 'sha256' | 'sha384' | 'sha512'
}

/** The only ones that are taken: RSA (PKCS #1 1.5) and ECDSA with SHA-256 or better. RFC 9231. */
export const SIGNATURE_ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  [`${MORE}rsa-sha256`]: { key: 'rsa', hash: 'sha256' },
  [`${MORE}rsa-sha384`]: { key: 'rsa', hash: 'sha384' },
  [`${MORE}rsa-sha512`]: { key: 'rsa', hash: 'sha512' },
  [`${MORE}ecdsa-sha256`]: { key: 'ec', hash: 'sha256' },
  [`${MORE}ecdsa-sha384`]: { key: 'ec', hash: 'sha384' },
  [`${MORE}ecdsa-sha512`]: { key: 'ec', hash: 'sha512' },
}

/** Digests that are taken. */
export const DIGEST_ALGORITHMS: Readonly<Record<string, SignatureAlgorithm['hash']>> = {
  [`${XENC}sha256`]: 'sha256',
  [`${MORE}sha384`]: 'sha384',
  [`${XENC}sha512`]: 'sha512',
}
