import type { SsoGuide, TwigValues } from './sso-guides'

const acsUrl = (values: TwigValues) => values.acsUrl
const entityId = (values: TwigValues) => values.entityId

/** OneLogin wants the address a second time, as a regular expression. */
const acsPattern = ({ acsUrl: address }: TwigValues) =>
  `^${address.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`

const auth0Settings = ({ acsUrl: address, entityId: audience }: TwigValues) =>
  JSON.stringify(
    {
      audience,
      recipient: address,
      destination: address,
      signatureAlgorithm: 'rsa-sha256',
      digestAlgorithm: 'sha256',
      nameIdentifierFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
      nameIdentifierProbes: ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress'],
    },
    null,
    2,
  )

/** OneLogin and Auth0. */
export const moreGuides = {
  onelogin: {
    name: 'OneLogin',
    kind: 'saml',
    about: 'SAML Custom Connector (Advanced).',
    sourceKind: 'url',
    source: 'In OneLogin: the app → SSO → Issuer URL. The same as a file: More Actions → SAML Metadata.',
    example: 'https://app.onelogin.com/saml/metadata/1a2b3c4d-5e6f',
    emailAttribute: 'email',
    nameAttribute: 'name',
    steps: [
      {
        title: 'Make the app',
        text: 'Open Administration → Applications → Applications → “Add App”. Search for “SAML Custom Connector (Advanced)”, call it Twig and press “Save”.',
      },
      {
        title: 'Fill in “Configuration”',
        text: 'Leave “RelayState”, “Login URL” and the fields for logout empty.',
        fields: [
          { name: 'Audience (EntityID)', value: entityId, how: 'paste' },
          { name: 'Recipient', value: acsUrl, how: 'paste' },
          { name: 'ACS (Consumer) URL Validator', value: acsPattern, how: 'paste' },
          { name: 'ACS (Consumer) URL', value: acsUrl, how: 'paste' },
          { name: 'SAML nameID format', value: 'Email', how: 'choose' },
          { name: 'SAML signature element', value: 'Assertion', how: 'choose' },
          { name: 'Encrypt assertion', value: 'off', how: 'choose' },
        ],
      },
      {
        title: 'Set “SSO”',
        text: 'New apps sign with SHA-1, which Twig refuses.',
        fields: [{ name: 'SAML Signature Algorithm', value: 'SHA-256', how: 'choose' }],
      },
      {
        title: 'Send names, if you like: “Parameters”',
        text: 'Add a parameter and tick “Include in SAML assertion”. The parameter “NameID value” stays Email.',
        fields: [
          { name: 'Field name', value: 'name', how: 'paste' },
          { name: 'Value', value: 'Name', how: 'choose' },
        ],
      },
      {
        title: 'Let people use it',
        text: 'Press “Save”. Under “Access”, choose the roles that use Twig; or open a person under Users → Applications and add the app. Include yourself.',
      },
    ],
  },
  auth0: {
    name: 'Auth0',
    kind: 'saml',
    about: 'Regular web application with the SAML2 addon.',
    sourceKind: 'url',
    source:
      'In Auth0: the application → Addons → SAML2 Web App → Usage → Identity Provider Metadata: copy the address of “Download”.',
    example: 'https://acme.eu.auth0.com/samlp/metadata/{client id}',
    emailAttribute: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
    nameAttribute: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
    steps: [
      {
        title: 'Make the application',
        text: 'In the Auth0 Dashboard open Applications → Applications → “Create Application”. Call it Twig and choose “Regular Web Applications”.',
      },
      {
        title: 'Switch on the addon',
        text: 'Open the tab “Addons”, switch on “SAML2 Web App” and open its tab “Settings”.',
        fields: [
          { name: 'Application Callback URL', value: acsUrl, how: 'paste' },
          {
            name: 'Settings',
            value: auth0Settings,
            how: 'code',
            note: 'In the place of what stands there. Auth0 signs with SHA-1 unless it is told otherwise, and Twig refuses that.',
          },
        ],
      },
      {
        title: 'Let people use it',
        text: 'Press “Enable” at the end of the page. Under “Connections” switch on the connections whose people use Twig, and no others.',
      },
    ],
  },
} as const satisfies Record<string, SsoGuide>
