import { type Principal, requirePermission } from '../core/principal'
import type { PreviewSsoIssuerInput, PreviewSsoMetadataInput } from '../core/sso-schemas'
import type { CertificateFacts } from '../store/saml-crypto'
import { requireSsoPlan } from './domains'
import { factsOf } from './sso-connections'
import { readIssuer, readMetadata } from './sso-metadata'

/** What an identity provider's metadata says, before any of it is kept. */
export interface SsoMetadataPreview {
  entityId: string
  ssoUrl: string
  certificates: CertificateFacts[]
}

/**
 * Reads metadata from a document or its address and keeps nothing.
 * Throws plan_required, invalid_request naming the field and what is missing.
 */
export async function previewSsoMetadata(
  principal: Principal,
  { metadata_xml: xml, metadata_url: url }: PreviewSsoMetadataInput,
): Promise<SsoMetadataPreview> {
  requirePermission(principal, 'sso:write')
  await requireSsoPlan(principal.organizationId)
  const { entityId, ssoUrl, certificates } = await readMetadata({ xml, url })
  return { entityId, ssoUrl, certificates: factsOf(certificates) }
}

/** Reads an OpenID provider's discovery document and keeps nothing. Throws plan_required, invalid_request, temporarily_unavailable. */
export async function previewSsoIssuer(
  principal: Principal,
  { discovery_url: address }: PreviewSsoIssuerInput,
): Promise<{ issuer: string }> {
  requirePermission(principal, 'sso:write')
  await requireSsoPlan(principal.organizationId)
  return { issuer: await readIssuer(address) }
}
