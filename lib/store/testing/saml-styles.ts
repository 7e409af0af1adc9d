import { type IdpKeys, responseXml, type SamlClaims, signXml } from './saml-idp'

const UNSPECIFIED = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
const CLAIM = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims'

/** How an identity provider writes its answers when nothing particular is set, and where the address then stands. */
export interface SamlStyle {
  name: string
  write: (claims: SamlClaims, keys: IdpKeys) => string
  /** For a connection of this style; null for NameID. */
  emailAttribute: string | null
}

/** Other prefixes for the same namespaces. */
function prefixed(xml: string, samlp: string, saml: string): string {
  return xml
    .replaceAll(/(<\/?|xmlns:)samlp(?=[:=])/g, `$1${samlp}`)
    .replaceAll(/(<\/?|xmlns:)saml(?=[:=])/g, `$1${saml}`)
}

/** The assertion in the default namespace, as Microsoft writes it. */
function withoutPrefix(xml: string): string {
  const inner = (assertion: string) =>
    assertion.replaceAll(/(<\/?)saml:/g, '$1').replaceAll('xmlns:saml=', 'xmlns=')
  return xml
    .replace(/<saml:Assertion.*<\/saml:Assertion>/s, inner)
    .replaceAll(/(<\/?)saml:/g, '$1')
    .replaceAll('xmlns:saml=', 'xmlns=')
}

const typed = (xml: string) =>
  xml.replaceAll(
    '<saml:AttributeValue>',
    '<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">',
  )

const both = (xml: string, keys: IdpKeys, prefixes?: string[]) => {
  const options = { keys, prefix: 'ds', ...(prefixes ? { prefixes } : {}) }
  return signXml(signXml(xml, options), { ...options, what: 'response' })
}

/** Written after what each of these sends; the assertion or the response is signed as each does by default. */
export const samlStyles: readonly SamlStyle[] = [
  {
    name: 'Okta: both signed, ds and saml2 prefixes, a list of prefixes, typed attributes',
    write: (claims, keys) => {
      const attributes = { firstName: 'Ada', lastName: 'Lovelace' }
      const xml = prefixed(
        typed(responseXml({ ...claims, nameIdFormat: UNSPECIFIED, attributes })),
        'saml2p',
        'saml2',
      )
      return `<?xml version="1.0" encoding="UTF-8"?>${both(xml, keys, ['xs'])}`
    },
    emailAttribute: null,
  },
  {
    name: 'Microsoft Entra ID: assertion signed, no prefixes, address in a claim',
    write: (claims, keys) => {
      const attributes = {
        [`${CLAIM}/emailaddress`]: claims.nameId,
        'http://schemas.microsoft.com/identity/claims/displayname': 'Ada Lovelace',
      }
      const xml = responseXml({ ...claims, nameId: 'mzJQ3H4R', nameIdFormat: PERSISTENT, attributes })
      return signXml(withoutPrefix(xml), { keys })
    },
    emailAttribute: `${CLAIM}/emailaddress`,
  },
  {
    name: 'Google Workspace: response signed, line breaks, saml2 prefixes',
    write: (claims, keys) => {
      const xml = prefixed(responseXml({ ...claims, authnStatement: true }), 'saml2p', 'saml2')
      const broken = xml.replaceAll('><saml2', '>\n  <saml2').replaceAll('><saml2p', '>\r\n<saml2p')
      const signed = signXml(broken, { keys, what: 'response', prefix: 'ds' })
      return `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n${signed}`
    },
    emailAttribute: null,
  },
  {
    name: 'OneLogin: assertion signed, ds prefix, attributes of User',
    write: (claims, keys) => {
      const attributes = { 'User.email': claims.nameId, memberOf: ['a', 'b'], 'User.LastName': '' }
      return signXml(typed(responseXml({ ...claims, attributes })), { keys, prefix: 'ds' })
    },
    emailAttribute: 'User.email',
  },
  {
    name: 'Auth0: assertion signed, NameID unspecified, many claims',
    write: (claims, keys) => {
      const attributes = {
        [`${CLAIM}/nameidentifier`]: 'auth0|123',
        [`${CLAIM}/emailaddress`]: claims.nameId,
        'http://schemas.auth0.com/email_verified': 'true',
      }
      const xml = responseXml({ ...claims, nameId: 'auth0|123', nameIdFormat: UNSPECIFIED, attributes })
      return signXml(typed(xml), { keys })
    },
    emailAttribute: `${CLAIM}/emailaddress`,
  },
  {
    name: 'simplesamlphp: both signed, ds prefix, basic attributes',
    write: (claims, keys) => both(typed(responseXml({ ...claims, attributes: { uid: 'ada' } })), keys),
    emailAttribute: null,
  },
]
