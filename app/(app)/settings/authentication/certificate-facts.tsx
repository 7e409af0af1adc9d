'use client'

import { certificateState } from '@/lib/core/certificate-expiry'
import { Badge } from '../../../_ui/badge'
import { useNowMs } from '../../../_ui/clock'
import { utcMinuteText } from '../../../_ui/time'
import type { CertificateView } from './views'

/** Whose certificate it is, until when, and by which fingerprint it is found in the provider's console. */
export function CertificateFacts({ certificate }: { certificate: CertificateView }) {
  const { subject, fingerprint, validFrom, validTo } = certificate
  return (
    <span className="grid gap-0.5">
      <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        {subject}
        <CertificateBadge validFrom={validFrom} validTo={validTo} />
      </span>
      <span className="text-muted text-sm">
        Valid until <time dateTime={validTo}>{utcMinuteText(Date.parse(validTo))}</time>
      </span>
      <span className="text-muted text-sm">
        SHA-256 <code className="wrap-anywhere text-xs">{fingerprint}</code>
      </span>
    </span>
  )
}

/** How a certificate stands, in words. */
function CertificateBadge({ validFrom, validTo }: Pick<CertificateView, 'validFrom' | 'validTo'>) {
  const now = new Date(useNowMs())
  const span = { validFrom: new Date(validFrom), validTo: new Date(validTo) }
  const { state, daysLeft } = certificateState(span, now)
  if (state === 'expired') return <Badge variant="danger">Expired</Badge>
  if (state === 'not_yet_valid') return <Badge variant="warning">Not valid yet</Badge>
  const days = `${daysLeft.toLocaleString('en')} ${daysLeft === 1 ? 'day' : 'days'}`
  if (state === 'expiring') return <Badge variant="warning">Expires in {days}</Badge>
  return <Badge variant="success">{days} left</Badge>
}
