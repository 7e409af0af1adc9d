import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { HOME_PATH } from '@/lib/core/return-path'
import { answerWithStatus } from '@/lib/http/outage-status'
import { requestPass } from '@/lib/http/pass'
import { requireUser } from '@/lib/http/session'
import { ErrorState } from '../../_ui/error-state'
import { WaysOut } from './ways-out'

export const metadata: Metadata = { title: 'Address not allowed' }

/** What a member sees whom the organization's allowlist keeps out, in place of whatever they asked for. */
export default async function BlockedPage() {
  const { outside, organization, memberships } = await requireUser('anywhere')
  if (!outside) redirect(HOME_PATH)
  const { requestId, clientIp } = await requestPass()
  answerWithStatus(outside.status, outside.retryAfterSeconds)
  const others = memberships
    .map((membership) => membership.organization)
    .filter(({ id }) => id !== organization.id)
    .map(({ id, name }) => ({ id, name }))
  return (
    <ErrorState
      code={String(outside.status)}
      title={clientIp ? 'Your address is not allowed' : 'Twig cannot tell where you are'}
      reference={requestId}
      action={<WaysOut others={others} />}
      standalone
    >
      <p>
        {clientIp
          ? `${organization.name} opens from its own networks alone, and Twig sees you from ${clientIp}. Connect from an allowed network, or give this address to an admin, who can add it in Settings → Security.`
          : `${organization.name} opens from its own networks alone, and your address does not reach Twig. Whoever runs this Twig sets TRUSTED_PROXY_HOPS.`}
      </p>
    </ErrorState>
  )
}
