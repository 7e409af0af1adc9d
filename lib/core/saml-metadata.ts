import { DSIG, SAML } from './saml-names'
import {
  attributeOf,
  childrenNamed,
  everyElement,
  readXml,
  textOf,
  type XmlElement,
  XmlRefused,
} from './xml-document'

/** Most that a metadata document may be, in bytes. */
export const METADATA_MAX_BYTES = 1024 * 1024

/** What a connection needs to know of an identity provider. */
export interface IdpMetadata {
  entityId: string
  /** Where browsers are sent, by redirect. */
  ssoUrl: string
  /** As they stand there: base64, perhaps with line breaks. */
  certificates: string[]
}

function descriptorsOf(root: XmlElement): XmlElement[] {
  return everyElement(root).filter((element) => {
    const isEntity = element.namespace === SAML.metadata && element.local === 'EntityDescriptor'
    return isEntity && childrenNamed(element, SAML.metadata, 'IDPSSODescriptor').length > 0
  })
}

function ssoUrlOf(idp: XmlElement): string | undefined {
  const services = childrenNamed(idp, SAML.metadata, 'SingleSignOnService')
  const service = services.find((service) => attributeOf(service, 'Binding') === SAML.redirectBinding)
  return service && attributeOf(service, 'Location')
}

function certificatesOf(idp: XmlElement): string[] {
  const keys = childrenNamed(idp, SAML.metadata, 'KeyDescriptor').filter(
    (key) => attributeOf(key, 'use') !== 'encryption',
  )
  const certificates = keys.flatMap(everyElement).filter(({ namespace, local }) => {
    return namespace === DSIG && local === 'X509Certificate'
  })
  return [...new Set(certificates.flatMap((element) => textOf(element)?.replaceAll(/\s/g, '') || []))]
}

/**
 * Reads the metadata of one identity provider (SAML 2.0 Metadata 2.4.3). Its own signature is not judged: a person chose
 * the file, or the address over TLS.
 * @returns in a sentence what is missing, where something is
 */
export function readIdpMetadata(xml: string): IdpMetadata | string {
  let root: XmlElement
  try {
    root = readXml(xml, { comments: 'drop' })
  } catch (error) {
    if (error instanceof XmlRefused) return `The document cannot be read: ${error.message}.`
    throw error
  }
  const [entity, ...more] = descriptorsOf(root)
  if (!entity)
    return 'The document describes no identity provider (an EntityDescriptor with an IDPSSODescriptor).'
  if (more.length > 0) return 'The document describes several identity providers; use the metadata of one.'
  const entityId = attributeOf(entity, 'entityID')
  if (!entityId) return 'The identity provider has no entityID.'
  const [idp] = childrenNamed(entity, SAML.metadata, 'IDPSSODescriptor')
  const ssoUrl = idp && ssoUrlOf(idp)
  if (!idp || !ssoUrl) return 'The identity provider has no sign-in address for the HTTP-Redirect binding.'
  const certificates = certificatesOf(idp)
  if (certificates.length === 0) return 'The identity provider has no certificate for signing.'
  return { entityId, ssoUrl, certificates }
}

const escapeXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** The same as a document, for a library that wants one: of what was read and judged, and nothing else. */
export function writeIdpMetadata({ entityId, ssoUrl, certificates }: IdpMetadata): string {
  const keys = certificates.map((certificate) => keyDescriptor('signing', certificate))
  return `<md:EntityDescriptor xmlns:md="${SAML.metadata}" entityID="${escapeXml(entityId)}"><md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${SAML.protocol}">${keys.join('')}<md:SingleSignOnService Binding="${SAML.redirectBinding}" Location="${escapeXml(ssoUrl)}"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

/** A certificate as a KeyDescriptor of metadata (SAML 2.0 Metadata 2.4.1.1). */
function keyDescriptor(use: 'signing' | 'encryption', certificate: string, methods = ''): string {
  return `<md:KeyDescriptor use="${use}"><ds:KeyInfo xmlns:ds="${DSIG}"><ds:X509Data><ds:X509Certificate>${escapeXml(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>${methods}</md:KeyDescriptor>`
}

const ENCRYPTION_METHODS = [
  'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  'http://www.w3.org/2009/xmlenc11#aes128-gcm',
  'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
]
  .map((algorithm) => `<md:EncryptionMethod Algorithm="${algorithm}"/>`)
  .join('')

/** Twig's own metadata, for the identity provider to read. The certificate is what assertions may be encrypted for. */
export function writeSpMetadata({
  entityId,
  acsUrl,
  certificate,
}: {
  entityId: string
  acsUrl: string
  certificate?: string
}): string {
  const key = certificate ? `\n    ${keyDescriptor('encryption', certificate, ENCRYPTION_METHODS)}` : ''
  return `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="${SAML.metadata}" entityID="${escapeXml(entityId)}">
  <md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="${SAML.protocol}">${key}
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:AssertionConsumerService Binding="${SAML.postBinding}" Location="${escapeXml(acsUrl)}" index="0" isDefault="true"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
`
}
