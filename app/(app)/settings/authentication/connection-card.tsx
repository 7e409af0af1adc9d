'use client'

import { type SsoProvider, ssoGuides } from '@/lib/core/sso-guides'
import { Badge } from '../../../_ui/badge'
import { Card, CardFooter, CardHeader } from '../../../_ui/card'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { StatusDot } from '../../../_ui/status-dot'
import { ConnectionButtons } from './connection-buttons'
import { MetadataState } from './metadata-state'
import { SamlFacts } from './preview-card'
import type { ConnectionView } from './views'

interface ConnectionCardProps {
  connection: ConnectionView
  /** Whether another connection is the one that people are sent to. */
  hasOtherActive: boolean
  /** Whether the plan lets it be changed. */
  canChange: boolean
  /** Whether a step above has the button that tests this one. */
  isTestedAbove: boolean
}

/** A saved connection: what it is, whether it still works, and what can be done about it. */
export function ConnectionCard({
  connection,
  hasOtherActive,
  canChange,
  isTestedAbove,
}: ConnectionCardProps) {
  const { kind, provider, name, isActive, enforcedAt, issuer, clientId } = connection
  return (
    <Card>
      <CardHeader
        title={
          <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
            <span className="wrap-anywhere">{name}</span>
            {isActive ? <Badge variant="success">Active</Badge> : <Badge variant="outline">Disabled</Badge>}
            {enforcedAt && <Badge variant="accent">Enforced</Badge>}
          </span>
        }
        description={`${ssoGuides[provider].name}, ${kind === 'saml' ? 'SAML 2.0' : 'OpenID Connect'}`}
        actions={
          <ConnectionButtons
            connection={connection}
            hasOtherActive={hasOtherActive}
            canChange={canChange}
            isTestedAbove={isTestedAbove}
          />
        }
      />
      <div className="border-border border-t">
        <DescriptionList>
          {kind === 'saml' && <MetadataState connection={connection} />}
          {kind === 'saml' && <SamlFacts {...connection} />}
          {issuer && (
            <DescriptionItem term="Issuer" copy={<CopyButton value={issuer} label="Copy the issuer" />}>
              {issuer}
            </DescriptionItem>
          )}
          {clientId && <DescriptionItem term="Client ID">{clientId}</DescriptionItem>}
          <DescriptionItem term="Mapping">
            <Mapping connection={connection} />
          </DescriptionItem>
          <DescriptionItem term="Last passed test">
            {connection.testedAt ? (
              <>
                <RelativeTime value={connection.testedAt} />, on this configuration
              </>
            ) : (
              <StatusDot tone="warning">None on this configuration</StatusDot>
            )}
          </DescriptionItem>
          <DescriptionItem term="Added">
            <RelativeTime value={connection.createdAt} />
          </DescriptionItem>
        </DescriptionList>
      </div>
      {enforcedAt && (
        <CardFooter>
          <span>To disable or delete this connection, switch off Enforce SSO first.</span>
        </CardFooter>
      )}
    </Card>
  )
}

function Mapping({ connection }: { connection: ConnectionView & { provider: SsoProvider } }) {
  const { kind, emailAttribute, nameAttribute, idpInitiated } = connection
  const name = nameAttribute ?? (kind === 'oidc' ? 'name' : null)
  return (
    <span className="grid gap-0.5">
      <span>
        E-mail ← <code className="text-sm">{emailAttribute ?? (kind === 'saml' ? 'NameID' : 'email')}</code>
      </span>
      <span>
        Name ←{' '}
        {name ? (
          <code className="text-sm">{name}</code>
        ) : (
          <span className="text-muted">the address, before the @</span>
        )}
      </span>
      {kind === 'saml' && (
        <span className="text-muted text-sm">
          IdP-initiated sign-in is {idpInitiated ? 'accepted' : 'refused'}.
        </span>
      )}
    </span>
  )
}
