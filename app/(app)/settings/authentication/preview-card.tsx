'use client'

import { Card } from '../../../_ui/card'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { CertificateFacts } from './certificate-facts'
import type { CertificateView } from './views'

type SamlSource = { kind: 'saml' } & ({ metadata_url: string } | { metadata_xml: string })
type OidcSource = { kind: 'oidc'; discovery_url: string; client_id: string; client_secret: string }

/** What an identity provider said of itself, with what it was asked for by. */
export type Previewed =
  | { source: SamlSource; entityId: string; ssoUrl: string; certificates: CertificateView[] }
  | { source: OidcSource; issuer: string }

/** What was read, to be compared before it is saved. */
export function PreviewCard({ previewed }: { previewed: Previewed }) {
  return (
    <Card role="status" aria-label="What was read">
      <DescriptionList>
        {'issuer' in previewed ? (
          <DescriptionItem term="Issuer">{previewed.issuer}</DescriptionItem>
        ) : (
          <SamlFacts {...previewed} />
        )}
      </DescriptionList>
    </Card>
  )
}

interface SamlFactsProps {
  entityId: string | null
  ssoUrl: string | null
  certificates: CertificateView[]
}

/** Entity id, address and certificates of an identity provider. */
export function SamlFacts({ entityId, ssoUrl, certificates }: SamlFactsProps) {
  return (
    <>
      <DescriptionItem
        term="Entity ID"
        copy={entityId && <CopyButton value={entityId} label="Copy the provider’s entity ID" />}
      >
        {entityId}
      </DescriptionItem>
      <DescriptionItem term="SSO URL" copy={ssoUrl && <CopyButton value={ssoUrl} label="Copy the SSO URL" />}>
        {ssoUrl}
      </DescriptionItem>
      {certificates.map((certificate, index) => (
        <DescriptionItem
          key={certificate.fingerprint}
          term={certificates.length > 1 ? `Certificate ${index + 1}` : 'Certificate'}
        >
          <CertificateFacts certificate={certificate} />
        </DescriptionItem>
      ))}
    </>
  )
}
