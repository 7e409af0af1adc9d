import type { SsoGuide, TwigValues } from './sso-guides'

const acsUrl = (values: TwigValues) => values.acsUrl
const entityId = (values: TwigValues) => values.entityId

/** Okta, Entra ID and Google Workspace. */
export const enterpriseGuides = {
  okta: {
    name: 'Okta',
    kind: 'saml',
    about: 'SAML app integration in the Okta Admin Console.',
    sourceKind: 'url',
    source: 'In Okta: the app → Sign On → SAML 2.0 → Metadata details → Metadata URL → Copy.',
    example: 'https://acme.okta.com/app/exk1a2b3c4/sso/saml/metadata',
    emailAttribute: 'email',
    nameAttribute: 'name',
    steps: [
      {
        title: 'Make the app',
        text: 'In the Okta Admin Console open Applications → Applications and press “Create App Integration”. Choose “SAML 2.0”, press “Next”, and call the app Twig.',
      },
      {
        title: 'Fill in “Configure SAML”',
        text: 'Leave “Default RelayState” empty. What is not named here stays as it is.',
        fields: [
          {
            name: 'Single sign-on URL',
            value: acsUrl,
            how: 'paste',
            note: 'Keep “Use this for Recipient URL and Destination URL” ticked.',
          },
          { name: 'Audience URI (SP Entity ID)', value: entityId, how: 'paste' },
          { name: 'Name ID format', value: 'EmailAddress', how: 'choose' },
          { name: 'Application username', value: 'Email', how: 'choose' },
        ],
      },
      {
        title: 'Look at “Show Advanced Settings”',
        text: 'New apps have these values. Older ones may not.',
        fields: [
          { name: 'Assertion Signature', value: 'Signed', how: 'choose' },
          { name: 'Signature Algorithm', value: 'RSA-SHA256', how: 'choose' },
          { name: 'Digest Algorithm', value: 'SHA256', how: 'choose' },
          { name: 'Assertion Encryption', value: 'Unencrypted', how: 'choose' },
        ],
      },
      {
        title: 'Send names, if you like',
        text: 'Under “Attribute Statements” add one line. Without it, new members are called by the part of their address before the @.',
        fields: [
          { name: 'Name', value: 'name', how: 'paste' },
          { name: 'Value', value: 'String.join(" ", user.firstName, user.lastName)', how: 'paste' },
        ],
      },
      {
        title: 'Let people use it',
        text: 'Press “Next”, choose “This is an internal app that we have created”, then “Finish”. Open the tab “Assignments” and assign the people or groups who use Twig, yourself included.',
      },
    ],
  },
  entra: {
    name: 'Microsoft Entra ID',
    kind: 'saml',
    about: 'Enterprise application in Entra ID, formerly Azure AD.',
    sourceKind: 'url',
    source:
      'In Entra: the app → Single sign-on → SAML Certificates → App Federation Metadata Url. Use the one with “?appid=”.',
    example:
      'https://login.microsoftonline.com/{tenant}/federationmetadata/2007-06/federationmetadata.xml?appid={app}',
    emailAttribute: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
    nameAttribute: 'http://schemas.microsoft.com/identity/claims/displayname',
    steps: [
      {
        title: 'Make the application',
        text: 'In the Entra admin center open Entra ID → Enterprise apps → New application → “Create your own application”. Call it Twig and choose “Integrate any other application you don’t find in the gallery (Non-gallery)”.',
      },
      {
        title: 'Fill in “Basic SAML Configuration”',
        text: 'Open Single sign-on → SAML and edit the first box. Leave “Sign on URL”, “Relay State” and “Logout Url” empty.',
        fields: [
          { name: 'Identifier (Entity ID)', value: entityId, how: 'paste' },
          { name: 'Reply URL (Assertion Consumer Service URL)', value: acsUrl, how: 'paste' },
        ],
      },
      {
        title: 'Set who somebody is: “Attributes & Claims”',
        text: 'Edit the claim “Unique User Identifier (Name ID)”. Entra sends the user principal name unless you change it, and that need not be a mail address.',
        fields: [
          { name: 'Name identifier format', value: 'Email address', how: 'choose' },
          { name: 'Source attribute', value: 'user.mail', how: 'choose' },
        ],
      },
      {
        title: 'Look at “SAML Certificates”',
        text: 'Edit the token signing certificate only where these differ.',
        fields: [
          { name: 'Signing Option', value: 'Sign SAML assertion', how: 'choose' },
          { name: 'Signing Algorithm', value: 'SHA-256', how: 'choose' },
        ],
      },
      {
        title: 'Let people use it',
        text: 'Open Users and groups → “Add user/group” and assign the people who use Twig, yourself included. Leave “Token encryption” without a certificate.',
      },
    ],
  },
  google: {
    name: 'Google Workspace',
    kind: 'saml',
    about: 'Custom SAML app in the Google Admin console.',
    sourceKind: 'file',
    source:
      'Google has no address for it. Use the file that “Download metadata” saved (GoogleIDPMetadata.xml). Add it again here when you change the certificate at Google.',
    example: 'https://idp.example.com/metadata.xml',
    emailAttribute: 'email',
    nameAttribute: 'name',
    steps: [
      {
        title: 'Make the app',
        text: 'In the Google Admin console open Apps → Web and mobile apps → Add app → “Add custom SAML app”. Call it Twig and press “Continue”.',
      },
      {
        title: 'Save the metadata: “Google Identity Provider details”',
        text: 'Press “Download metadata” under Option 1 and keep the file for Twig. Then press “Continue”.',
      },
      {
        title: 'Fill in “Service provider details”',
        text: 'Leave “Start URL” empty. “Signed response” may be ticked or not.',
        fields: [
          { name: 'ACS URL', value: acsUrl, how: 'paste' },
          { name: 'Entity ID', value: entityId, how: 'paste' },
          { name: 'Name ID format', value: 'EMAIL', how: 'choose' },
          { name: 'Name ID', value: 'Basic Information > Primary email', how: 'choose' },
        ],
      },
      {
        title: 'Send names, if you like: “Attribute mapping”',
        text: 'Google sends one directory attribute for each line, so this is the first name alone.',
        fields: [
          { name: 'Google Directory attributes', value: 'Basic Information > First name', how: 'choose' },
          { name: 'App attributes', value: 'name', how: 'paste' },
        ],
      },
      {
        title: 'Let people use it',
        text: 'Press “Finish”. Open “User access” and set “ON for everyone”, or for the units that use Twig. Google may take up to a day until it holds for everybody; mostly it is minutes.',
      },
    ],
  },
} as const satisfies Record<string, SsoGuide>
