import { z } from 'zod'
import { Email, Id, ListQuery, nameField } from './schemas'

export const ssoProviders = ['okta', 'entra', 'google', 'onelogin', 'auth0', 'saml', 'oidc'] as const

const ATTRIBUTE_MAX = 200
const SECRET_MAX = 1000

const NO_CONTROL = /^\P{Cc}*$/u

const name = nameField('Name')
const attribute = z
  .string()
  .trim()
  .min(1)
  .max(ATTRIBUTE_MAX, `An attribute’s name has at most ${ATTRIBUTE_MAX} characters`)
  .regex(NO_CONTROL, 'An attribute’s name has no control characters')
const address = z
  .string()
  .trim()
  .min(1, 'An address is required')
  .max(2000, 'An address has at most 2000 characters')
  .regex(NO_CONTROL, 'An address has no control characters')

const mapping = {
  email_attribute: attribute.nullable().optional(),
  name_attribute: attribute.nullable().optional(),
}

/** A SAML connection, from the identity provider's metadata: the document, or its address. */
const AddSamlInput = z.strictObject({
  kind: z.literal('saml'),
  provider: z.enum(ssoProviders).default('saml'),
  name: name.optional(),
  metadata_xml: z.string().optional(),
  metadata_url: address.optional(),
  idp_initiated: z.boolean().default(false),
  ...mapping,
})

/** An OpenID Connect connection. The discovery address may be given with or without its well-known end. */
const AddOidcInput = z.strictObject({
  kind: z.literal('oidc'),
  provider: z.enum(ssoProviders).default('oidc'),
  name: name.optional(),
  discovery_url: address,
  client_id: z
    .string()
    .trim()
    .min(1, 'Client ID is required')
    .max(SECRET_MAX)
    .regex(NO_CONTROL, 'A client ID has no control characters'),
  client_secret: z.string().min(1, 'Client secret is required').max(SECRET_MAX),
  ...mapping,
})

export const AddSsoConnectionInput = z.discriminatedUnion('kind', [AddSamlInput, AddOidcInput])
export type AddSsoConnectionInput = z.infer<typeof AddSsoConnectionInput>

/** One thing of the organization's, by its id. */
export const SsoIdInput = z.strictObject({ id: Id })

export const AddDomainInput = z.strictObject({
  domain: z.string().trim().min(1, 'Domain is required').max(253, 'A domain has at most 253 characters'),
})

/** Whether people are sent to this connection. */
export const SsoActiveInput = z.strictObject({ id: Id, active: z.boolean() })

/** Who alone uses a connection until SSO is enforced; nobody named means everybody. */
export const SsoPilotsInput = z.strictObject({
  id: Id,
  userIds: z.array(Id).max(1000, 'Name at most 1000 pilot users'),
})

/** The password is the owner's own, proved anew. */
export const EnforceSsoInput = z.strictObject({
  id: Id,
  password: z.string().min(1, 'Password is required').max(1000),
})

/** Two at once are a roll-over; more are somebody else’s. */
export const CERTIFICATES_MAX = 4
const CERTIFICATE_MAX_CHARACTERS = 16_384

/** What becomes another about a connection; what is left out stays. */
export const UpdateSsoConnectionInput = z.strictObject({
  id: Id,
  name: name.optional(),
  ...mapping,
  // SAML
  metadata_xml: z.string().optional(),
  metadata_url: address.optional(),
  certificates: z
    .array(z.string().max(CERTIFICATE_MAX_CHARACTERS, 'This is too long for a certificate'))
    .min(1, 'At least one certificate is needed')
    .max(CERTIFICATES_MAX, `At most ${CERTIFICATES_MAX} certificates are kept at once`)
    .optional(),
  idp_initiated: z.boolean().optional(),
  // OpenID Connect
  discovery_url: address.optional(),
  client_id: AddOidcInput.shape.client_id.optional(),
  client_secret: AddOidcInput.shape.client_secret.optional(),
})
export type UpdateSsoConnectionInput = z.infer<typeof UpdateSsoConnectionInput>

export const PreviewSsoMetadataInput = z.strictObject({
  metadata_xml: z.string().optional(),
  metadata_url: address.optional(),
})
export type PreviewSsoMetadataInput = z.infer<typeof PreviewSsoMetadataInput>

export const PreviewSsoIssuerInput = z.strictObject({ discovery_url: address })
export type PreviewSsoIssuerInput = z.infer<typeof PreviewSsoIssuerInput>

/** The log of sign-ins, by what somebody knows of one. */
export const SsoAttemptsQuery = z.strictObject({
  ...ListQuery.shape,
  /** The reference that a person was shown; the beginning is enough. */
  reference: z.string().trim().max(64).regex(NO_CONTROL, 'This is not a reference').optional(),
  connection_id: Id.optional(),
  outcome: z.enum(['succeeded', 'failed']).optional(),
})
export type SsoAttemptsQuery = z.infer<typeof SsoAttemptsQuery>

/** Whom to send to their identity provider, and where to afterwards. */
export const BeginSsoInput = z.strictObject({ email: Email, next: z.string().max(2048).optional() })

/** Which journey somebody goes on with, whom the identity provider sent here unasked. */
export const ContinueSsoInput = z.strictObject({ flow: z.string().max(80) })

/** The mark that binds a journey to the browser it began in. */
export const SSO_STATE = /^[0-9A-Za-z]{32}$/
