import type { SsoGuide, TwigValues } from './sso-guides'

/** Any other provider, by either protocol. */
export const genericGuides = {
  saml: {
    name: 'Other SAML 2.0',
    kind: 'saml',
    about: 'Any provider that writes SAML metadata: ADFS, Keycloak, PingFederate, Shibboleth …',
    sourceKind: 'url',
    source: 'Most providers publish it: look for “metadata”, “federation metadata” or “IdP metadata”.',
    example: 'https://idp.example.com/metadata.xml',
    emailAttribute: 'urn:oid:0.9.2342.19200300.100.1.3',
    nameAttribute: 'urn:oid:2.16.840.1.113730.3.1.241',
    steps: [
      {
        title: 'Add Twig as a service provider',
        text: 'Providers call it “service provider”, “relying party” or “SAML client”. Many take all of it from Twig’s metadata.',
        fields: [
          {
            name: 'Metadata URL of the service provider',
            value: (values: TwigValues) => values.spMetadataUrl,
            how: 'paste',
          },
          {
            name: 'Entity ID (Audience, Identifier, Client ID)',
            value: (values: TwigValues) => values.entityId,
            how: 'paste',
          },
          {
            name: 'Assertion Consumer Service URL (ACS, Reply URL, Recipient, Destination)',
            value: (values: TwigValues) => values.acsUrl,
            how: 'paste',
            note: 'By the HTTP-POST binding.',
          },
        ],
      },
      {
        title: 'Say what the answer looks like',
        text: 'Twig sends people there by HTTP-Redirect, and does not sign its requests.',
        fields: [
          {
            name: 'NameID format',
            value: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
            how: 'paste',
            note: 'A persistent NameID works too when an attribute has the e-mail address. A transient one does not.',
          },
          { name: 'What is signed', value: 'the assertion, the response, or both', how: 'choose' },
          { name: 'Signature algorithm', value: 'RSA or ECDSA with SHA-256 or better', how: 'choose' },
          {
            name: 'Assertion encryption',
            value: 'off; or on, with the certificate of Twig’s metadata',
            how: 'choose',
          },
        ],
      },
      {
        title: 'Let people use it',
        text: 'Where the provider asks who may use Twig, name them, yourself included. Set its clock by NTP: Twig tolerates 60 seconds.',
      },
    ],
  },
  oidc: {
    name: 'OpenID Connect',
    kind: 'oidc',
    about: 'Any OIDC provider: Google Workspace, Microsoft 365, Okta, Keycloak …',
    sourceKind: 'url',
    source:
      'The issuer, with or without “/.well-known/openid-configuration” at its end. Google: https://accounts.google.com, with the user type “Internal” on its consent screen. Microsoft 365: https://login.microsoftonline.com/{tenant id}/v2.0, never “common”.',
    example: 'https://idp.example.com',
    emailAttribute: 'email',
    nameAttribute: 'name',
    steps: [
      {
        title: 'Add Twig as a client',
        text: 'Providers call it “client”, “application” or “app registration”; of the kind “web”, with a secret.',
        fields: [
          {
            name: 'Redirect URI (Callback URL)',
            value: (values: TwigValues) => values.redirectUri,
            how: 'paste',
            note: 'Exactly so: one more slash is another address.',
          },
          { name: 'Grant type', value: 'Authorization Code', how: 'choose' },
          { name: 'Scopes', value: 'openid email profile', how: 'paste' },
          { name: 'Client authentication', value: 'Client secret', how: 'choose' },
          { name: 'PKCE', value: 'S256; allowed or required', how: 'choose' },
        ],
      },
      {
        title: 'Send the e-mail address',
        text: 'The ID token, or the userinfo, must have the claim “email”. Where “email_verified” is there, it must be true. In Entra ID add the optional claim “email” under Token configuration. Google’s claim “hd” must be the domain of the address: only accounts of your own Workspace have it.',
      },
      {
        title: 'Let people use it',
        text: 'Where the provider asks who may use Twig, name them, yourself included. Keep the client id and the client secret for Twig.',
      },
    ],
  },
} as const satisfies Record<string, SsoGuide>
