import { TwigError } from '../core/errors'
import { type IdpMetadata, METADATA_MAX_BYTES, readIdpMetadata } from '../core/saml-metadata'
import { CERTIFICATES_MAX } from '../core/sso-schemas'
import { bareCause } from '../store/background'
import { discoverIssuer } from '../store/oidc'
import { OutboundRefused, outboundFetch } from '../store/outbound'
import { readCertificate } from '../store/saml-crypto'

const WELL_KNOWN = /\/\.well-known\/openid-configuration$/
const FETCH_MS = 8_000

function invalid(field: string, message: string): TwigError {
  return new TwigError('invalid_request', message, { details: { fields: { [field]: message } } })
}

/** Fetches a metadata document through the outbound guard. Throws invalid_request with what went wrong. */
async function fetchMetadata(url: string): Promise<string> {
  const field = 'metadata_url'
  try {
    const response = await outboundFetch({ maxBytes: METADATA_MAX_BYTES, timeoutMs: FETCH_MS })(url)
    const text = await response.text()
    if (!response.ok) throw invalid(field, `The metadata address answers ${response.status}.`)
    return text
  } catch (error) {
    if (error instanceof TwigError) throw error
    if (error instanceof OutboundRefused) throw invalid(field, `The metadata address ${error.message}.`)
    throw invalid(field, `The metadata address does not answer (${bareCause(error)}).`)
  }
}

/**
 * Reads an identity provider's metadata from a document or its address, with certificates that can be used.
 * Throws invalid_request, naming the field and what is missing.
 */
export async function readMetadata(source: { xml?: string; url?: string }): Promise<IdpMetadata> {
  const { xml, url } = source
  if ((xml === undefined) === (url === undefined)) {
    throw invalid('metadata_xml', 'Give the metadata document or its address, one of the two.')
  }
  const field = url === undefined ? 'metadata_xml' : 'metadata_url'
  const document = url === undefined ? (xml ?? '') : await fetchMetadata(url)
  if (Buffer.byteLength(document) > METADATA_MAX_BYTES)
    throw invalid(field, 'The document is larger than 1 MiB.')
  const metadata = readIdpMetadata(document)
  if (typeof metadata === 'string') throw invalid(field, metadata)
  if (metadata.certificates.length > CERTIFICATES_MAX) {
    throw invalid(field, `The document has more than ${CERTIFICATES_MAX} certificates.`)
  }
  const ssoUrl = URL.canParse(metadata.ssoUrl) ? new URL(metadata.ssoUrl) : null
  if (!ssoUrl || !['https:', 'http:'].includes(ssoUrl.protocol)) {
    throw invalid(field, 'The sign-in address in the document is no http address.')
  }
  const certificates = readCertificates(metadata.certificates, field)
  return { entityId: metadata.entityId, ssoUrl: ssoUrl.href, certificates }
}

/** Certificates that can be used, each once: base64 of their DER. Throws invalid_request for the first that cannot. */
export function readCertificates(texts: readonly string[], field: string): string[] {
  const read = texts.map((text) => {
    const certificate = readCertificate(text)
    if (typeof certificate === 'string') throw invalid(field, `A certificate cannot be used: ${certificate}.`)
    return certificate.der
  })
  return [...new Set(read)]
}

/** The library wants a client; the discovery document is the same for all and is asked for without one. */
const NOBODY = { clientId: 'discovery', clientSecret: 'discovery' }

/**
 * The name that an OpenID provider has for itself, from its discovery document.
 * @param address with or without the well-known end
 * @throws TwigError invalid_request with what is wrong, temporarily_unavailable when it does not answer
 */
export async function readIssuer(address: string): Promise<string> {
  const field = 'discovery_url'
  if (!URL.canParse(address)) throw invalid(field, 'This is not an address such as https://idp.example.com.')
  const found = await discoverIssuer({ issuer: address.replace(WELL_KNOWN, ''), ...NOBODY })
  if (typeof found === 'string') throw invalid(field, found)
  return found.issuer
}
