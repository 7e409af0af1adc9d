import type { Metadata } from 'next'
import { answerWithStatus } from '@/lib/http/outage-status'
import { requestPass } from '@/lib/http/pass'
import { requireUser } from '@/lib/http/session'
import { ErrorState } from '../../_ui/error-state'
import { WaysOut } from './ways-out'

export const metadata: Metadata = { title: 'Address not allowed' }

/** What a member sees whom the organization's allowlist keeps out, in place of whatever they asked for. */
export default async function BlockedPage() {
  const { outside, organization, memberships } = await requireUser('anywhere')
  // The session is in another organization than its cookie still says, or the list has changed meanwhile.
  if (!outside) {
    return (
      <ErrorState
        title={`You are in ${organization.name}`}
        action={<WaysOut others={[organization]} />}
        standalone
      >
        <p>Nothing keeps you out of it.</p>
      </ErrorState>
    )
  }
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
