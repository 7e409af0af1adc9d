import type { Role } from '@/lib/core/principal'
import type { SsoCheck } from '@/lib/core/saml-checks'
import type { SsoProvider } from '@/lib/core/sso-guides'

// What the page hands to the browser; times are RFC 3339.

export const PATH = '/settings/authentication'

export interface DomainView {
  id: string
  name: string
  record: { name: string; value: string }
  verifiedAt: string | null
  vouched: boolean
  checkedAt: string | null
  /** What the last check found. */
  finding: string | null
  missingSince: string | null
  /** When the verification ends unless the record comes back. */
  graceEndsAt: string | null
}

export interface CertificateView {
  subject: string
  fingerprint: string
  validFrom: string
  validTo: string
}

export interface ConnectionView {
  id: string
  kind: 'saml' | 'oidc'
  provider: SsoProvider
  name: string
  isActive: boolean
  entityId: string | null
  ssoUrl: string | null
  certificates: CertificateView[]
  metadataUrl: string | null
  metadataCheckedAt: string | null
  metadataProblem: string | null
  metadataFailingSince: string | null
  issuer: string | null
  clientId: string | null
  emailAttribute: string | null
  nameAttribute: string | null
  idpInitiated: boolean
  testedAt: string | null
  pilotUserIds: string[]
  enforcedAt: string | null
  createdAt: string
}

export interface PersonView {
  userId: string
  name: string
  email: string
  role: Role
  /** Whether the address is in a verified domain. */
  isOwn: boolean
}

/** A check with its place among the others: several may have one name. */
export type CheckView = SsoCheck & { place: number }

export interface AttemptView {
  id: string
  connectionId: string | null
  createdAt: string
  purpose: 'sign_in' | 'test'
  succeeded: boolean
  reason: string | null
  checks: CheckView[]
  email: string | null
  clientIp: string | null
}
