import type { SsoProvider } from './sso-guides'

/** What to do about a failed check: anywhere, and where a provider has a name of its own for it. */
interface Fix {
  anywhere: string
  at?: Partial<Record<SsoProvider, string>>
}

const NO_FIELD = 'This is nothing that a setting changes. Try again; if it stays, ask the provider’s support.'
const CLOCK =
  'Set the clock of the identity provider by NTP, and that of Twig’s server. Twig tolerates 60 seconds. If the clocks are right, sign in again without waiting.'
const TRY_AGAIN =
  'Begin again from Twig’s sign-in page, and finish within 15 minutes. Do not reload the last page.'

const acs = {
  anywhere:
    'Paste Twig’s ACS URL into the provider’s field for the Assertion Consumer Service, letter for letter.',
  at: {
    okta: 'In Okta, open General → SAML Settings → Edit. Paste the ACS URL into “Single sign-on URL” and tick “Use this for Recipient URL and Destination URL”.',
    entra:
      'In Entra, paste the ACS URL into “Reply URL (Assertion Consumer Service URL)”, and make it the default.',
    google: 'In the Google Admin console, paste the ACS URL into “ACS URL” under Service provider details.',
    onelogin: 'In OneLogin, paste the ACS URL into “Recipient” and “ACS (Consumer) URL” under Configuration.',
    auth0:
      'In Auth0’s SAML2 addon, paste the ACS URL into “Application Callback URL”, and as “recipient” and “destination” into Settings.',
  },
} satisfies Fix

const signing = {
  anywhere: 'Let the provider sign the assertion, by RSA or ECDSA with SHA-256.',
  at: {
    okta: 'In Okta, open Show Advanced Settings: “Assertion Signature” is Signed, “Signature Algorithm” RSA-SHA256, “Digest Algorithm” SHA256.',
    entra:
      'In Entra, edit SAML Certificates: “Signing Option” is Sign SAML assertion, “Signing Algorithm” SHA-256.',
    google: 'Google signs by itself. Add the app anew if this stays.',
    onelogin:
      'In OneLogin, set “SAML Signature Algorithm” under SSO to SHA-256, and “SAML signature element” under Configuration to Assertion.',
    auth0:
      'In the Settings of Auth0’s SAML2 addon, set "signatureAlgorithm": "rsa-sha256" and "digestAlgorithm": "sha256".',
  },
} satisfies Fix

const metadata = {
  anywhere:
    'The provider changed its certificate or its name. Edit the connection in Twig, and give its metadata anew.',
  at: {
    okta: 'Edit the connection in Twig and give the Metadata URL of this very app; Okta has another certificate for each app.',
    entra:
      'Edit the connection in Twig and give the App Federation Metadata Url of this very app, with “?appid=” at its end.',
    google: 'Edit the connection in Twig and add the file that “Download metadata” saves now.',
    onelogin: 'Edit the connection in Twig and give the Issuer URL of this very app (SSO → Issuer URL).',
    auth0:
      'Edit the connection in Twig and give the metadata of this very application (Addons → SAML2 Web App → Usage).',
  },
} satisfies Fix

const email = {
  anywhere:
    'Send the e-mail address as NameID, or write the name of the attribute that has it into “E-mail attribute” of the connection.',
  at: {
    okta: 'In Okta, set “Name ID format” to EmailAddress and “Application username” to Email.',
    entra:
      'In Entra, edit Attributes & Claims → Unique User Identifier (Name ID): source attribute user.mail. The person needs a mail address there.',
    google: 'In the Google Admin console, set “Name ID” to Basic Information > Primary email.',
    onelogin: 'In OneLogin, set “SAML nameID format” to Email, and the parameter “NameID value” to Email.',
    auth0:
      'In the Settings of Auth0’s SAML2 addon, set nameIdentifierFormat and nameIdentifierProbes as the guide has them.',
    oidc: 'Let the provider send the claim “email”, or write the name of another claim into “E-mail claim” of the connection.',
  },
} satisfies Fix

const unencrypted = {
  anywhere:
    'Give the provider Twig’s metadata anew: assertions are encrypted for the certificate in it, by AES with a key in RSA-OAEP. Give Twig the provider’s metadata anew too, for its signature. Or switch encryption off: the way is encrypted by TLS already, and the log then tells more.',
  at: {
    okta: 'In Okta, set “Assertion Encryption” to Unencrypted (Show Advanced Settings).',
    entra: 'In Entra, remove the certificate under Token encryption.',
    onelogin: 'In OneLogin, untick “Encrypt assertion” under Configuration.',
    auth0: 'In the Settings of Auth0’s SAML2 addon, take out the members for encryption.',
  },
} satisfies Fix

/** By the names of checks that stand in the log. */
export const ssoFixes: Readonly<Record<string, Fix>> = {
  message: {
    anywhere:
      'The provider must post a SAMLResponse of at most 256 kB to the ACS URL. Send fewer groups as attributes if it is larger.',
  },
  document: { anywhere: NO_FIELD },
  response: { anywhere: 'Choose SAML 2.0 at the provider, not SAML 1.1 or WS-Federation.' },
  ids: { anywhere: NO_FIELD },
  status: {
    anywhere:
      'Its own log says why. Mostly the person may not use the app, or the request’s NameID format is not allowed.',
    at: {
      okta: 'Assign the person to the app in Okta (Assignments).',
      entra: 'Assign the person to the app in Entra (Users and groups).',
      google: 'Switch the app ON for the person’s unit in Google (User access).',
      onelogin: 'Give the person the app in OneLogin (Users → Applications).',
    },
  },
  destination: acs,
  recipient: acs,
  in_response_to: {
    anywhere:
      'Begin at Twig’s page “Sign in with SSO”. To begin at the provider, switch on “IdP-initiated” for the connection.',
    at: {
      okta: 'Begin at Twig’s page “Sign in with SSO”. To begin with the tile in Okta’s dashboard, switch on “IdP-initiated” for the connection.',
      entra:
        'Begin at Twig’s page “Sign in with SSO”. To begin in My Apps, switch on “IdP-initiated” for the connection.',
      google:
        'Begin at Twig’s page “Sign in with SSO”. To begin with Google’s app launcher, switch on “IdP-initiated” for the connection.',
      onelogin:
        'Begin at Twig’s page “Sign in with SSO”. To begin in OneLogin’s portal, switch on “IdP-initiated” for the connection.',
    },
  },
  confirmed_request: { anywhere: TRY_AGAIN },
  assertion: { anywhere: 'Let the provider send one assertion in its response, not several.' },
  encryption: unencrypted,
  issuer: metadata,
  signature: metadata,
  signed: signing,
  algorithm: signing,
  signature_form: {
    anywhere:
      'Set the provider’s signature to exclusive canonicalization (xml-exc-c14n) over the whole assertion.',
  },
  digest: {
    anywhere:
      'Something between the provider and Twig changes the answer: look for a proxy that rewrites pages.',
  },
  assertion_version: { anywhere: 'Choose SAML 2.0 at the provider.' },
  subject: {
    ...email,
    anywhere: 'Set the NameID format at the provider to emailAddress or persistent, not transient.',
    at: { ...email.at, oidc: 'The provider’s ID token has no usable “sub”. Ask its support.' },
  },
  confirmation: {
    anywhere: 'Choose the Web Browser SSO profile with the confirmation method bearer at the provider.',
  },
  confirmation_end: { anywhere: CLOCK },
  confirmation_beginning: {
    anywhere: 'Take NotBefore out of SubjectConfirmationData at the provider (SAML Profiles 4.1.4.2).',
  },
  conditions: {
    anywhere: 'Let the provider write Conditions with NotBefore, NotOnOrAfter and the audience.',
  },
  not_before: { anywhere: CLOCK },
  not_on_or_after: { anywhere: CLOCK },
  audience: {
    anywhere: 'Paste Twig’s entity ID into the provider’s field for the audience, letter for letter.',
    at: {
      okta: 'In Okta, paste the entity ID into “Audience URI (SP Entity ID)”.',
      entra: 'In Entra, paste the entity ID into “Identifier (Entity ID)”, and make it the default.',
      google:
        'In the Google Admin console, paste the entity ID into “Entity ID” under Service provider details.',
      onelogin: 'In OneLogin, paste the entity ID into “Audience (EntityID)” under Configuration.',
      auth0: 'In the Settings of Auth0’s SAML2 addon, set "audience" to the entity ID.',
    },
  },
  authentication: { anywhere: 'Let the provider send an AuthnStatement, not attributes alone.' },
  email,
  answer: {
    anywhere:
      'Compare the client id, the client secret and the redirect URI with the provider’s. Where it says invalid_client, enter the secret anew.',
  },
  code: {
    anywhere:
      'Where it says invalid_client, enter client id and client secret anew; where invalid_grant, give the provider Twig’s redirect URI, letter for letter.',
  },
  discovery: {
    anywhere: 'Open the discovery address: its “issuer” must be what stands before “/.well-known”.',
  },
  id_token: { anywhere: 'Let the provider send an ID token: the scope openid must be allowed.' },
  token_algorithm: { anywhere: 'Let the provider sign ID tokens with RS256 or ES256, not with the secret.' },
  token_issuer: {
    anywhere: 'Edit the connection, and give the discovery address of the very provider (or tenant).',
  },
  token_audience: { anywhere: 'Enter the client id of the application that is for Twig.' },
  token_authorized_party: { anywhere: 'Enter the client id of the application that is for Twig.' },
  token_expiry: { anywhere: CLOCK },
  token_issued_at: { anywhere: CLOCK },
  token_nonce: { anywhere: TRY_AGAIN },
  token_subject: { anywhere: NO_FIELD },
  token_signature: {
    anywhere: 'Try again in a minute, as keys may just be changing. If it stays, ask the provider’s support.',
  },
  userinfo: { anywhere: 'Let the ID token itself have the e-mail claim, or ask the provider’s support.' },
  client_secret: { anywhere: 'Edit the connection, and enter the client secret again.' },
  provider: { anywhere: 'Wait until the identity provider answers again, then try once more.' },
  hosted_domain: {
    anywhere:
      'Sign in with the account that the company’s Google Workspace gave out, not with a consumer account of the same address. In Google’s console, set the user type of the consent screen to Internal.',
  },
  email_verified: { anywhere: 'Verify the person’s address at the provider.' },
  single_use: { anywhere: TRY_AGAIN },
  library: { anywhere: NO_FIELD },
  domain: {
    anywhere:
      'Verify the domain of this address, and of the account that it belongs to, under Domains, or sign in as somebody of a verified domain. A sub-domain is a domain of its own.',
  },
  journey: { anywhere: TRY_AGAIN },
  configuration: { anywhere: 'Begin again: the connection was edited or disabled meanwhile.' },
  browser: {
    anywhere:
      'Finish in the browser and the window in which you began, with cookies allowed, within 15 minutes.',
  },
  approval: {
    anywhere:
      'An admin set this up or changed it last. An owner opens Settings → Authentication, looks at the connection, and passes “Test connection”. Until then it lets in nobody who is an owner or admin.',
  },
  pilot: { anywhere: 'Make the person a pilot user, or enforce SSO for everybody.' },
  removed: { anywhere: 'Invite the person again under Members; then SSO lets them in.' },
  account_elsewhere: {
    anywhere: 'Invite this address under Members. When the person has accepted, SSO links the account.',
  },
}
