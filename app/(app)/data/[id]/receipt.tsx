import { CircleCheck, CircleDashed, Clock, Info } from 'lucide-react'
import type { ReactNode } from 'react'
import { CONNECTORS, type ConnectorProvider, type DisconnectReceipt } from '@/lib/core/connectors'
import { Card, CardHeader } from '../../../_ui/card'
import { RelativeTime } from '../../../_ui/relative-time'
import { KindMark } from '../kind-mark'
import { NextTime } from './next-time'

interface ReceiptProps {
  receipt: DisconnectReceipt
  provider: ConnectorProvider
  action: ReactNode
}

/** What a disconnection did, here and at the provider. */
export function Receipt({ receipt, provider, action }: ReceiptProps) {
  return (
    <Card role="status">
      <CardHeader
        headingLevel={2}
        icon={<KindMark kind={provider} className="size-6" />}
        title="Disconnected"
        description="What was read stays until you delete the data source. It can be reconnected with the same account."
        actions={action}
      />
      <ul className="divide-y divide-border border-border border-t">
        <Line icon={<CircleCheck aria-hidden="true" className="text-success" />} term="Here">
          The tokens are deleted, <RelativeTime value={receipt.disconnected_at} />.
        </Line>
        <AtProvider receipt={receipt} provider={provider} />
      </ul>
    </Card>
  )
}

function Line({ icon, term, children }: { icon: ReactNode; term: string; children: ReactNode }) {
  return (
    <li className="flex items-start gap-3 px-4 py-3 sm:px-5 [&_svg]:mt-0.75 [&_svg]:size-4 [&_svg]:shrink-0">
      {icon}
      <p className="min-w-0 wrap-anywhere">
        <span className="font-medium">{term}:</span> {children}
      </p>
    </li>
  )
}

function AtProvider({ receipt: { provider: told }, provider }: Omit<ReceiptProps, 'action'>) {
  const { name, revokes } = CONNECTORS[provider]
  const term = `At ${name}`
  const byHand = told.revoke_url && (
    <>
      {' '}
      <a
        href={told.revoke_url}
        target="_blank"
        rel="noreferrer"
        className="rounded-sm underline decoration-control underline-offset-4 hover:text-accent"
      >
        Remove Twig there
      </a>
      .
    </>
  )
  switch (told.outcome) {
    case 'revoked':
    case 'already_revoked':
      return (
        <Line icon={<CircleCheck aria-hidden="true" className="text-success" />} term={term}>
          {told.outcome === 'revoked' ? 'revoked' : 'was revoked before'}, <RelativeTime value={told.at} />.
          It answered <code className="text-sm">{told.answer}</code>.
        </Line>
      )
    case 'pending':
      return (
        <Line icon={<Clock aria-hidden="true" className="text-warning" />} term={term}>
          not revoked yet.
          {told.answer && (
            <>
              {' '}
              It answered <code className="text-sm">{told.answer}</code>.
            </>
          )}{' '}
          Twig asks {told.answer && 'again '}
          <NextTime value={told.next_at} />, until it is done.
          {byHand}
        </Line>
      )
    case 'in_use':
      return (
        <Line icon={<Info aria-hidden="true" className="text-muted" />} term={term}>
          not asked. The same account is connected elsewhere on this Twig, and revoking would end that too.
          {byHand}
        </Line>
      )
    default:
      return (
        <Line icon={<CircleDashed aria-hidden="true" className="text-warning" />} term={term}>
          {revokes
            ? 'not asked. The stored tokens could not be opened any more, as with an encryption key that is gone.'
            : `${name} has no way for an app to revoke its own permission.`}
          {byHand}
        </Line>
      )
  }
}
