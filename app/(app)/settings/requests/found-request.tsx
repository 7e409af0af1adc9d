import type { RequestTrail } from '@/lib/core/explain-schemas'
import { Badge, EnvironmentBadge } from '../../../_ui/badge'
import { Card } from '../../../_ui/card'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { TextLink } from '../../../_ui/text-link'
import { Trail } from './trail'

/** A request that was made: what it was, and where it ended. */
export function FoundRequest({ request }: { request: RequestTrail }) {
  const { id, time, method, path, status, code, key, steps } = request
  const variant = status < 400 ? 'success' : status < 500 ? 'warning' : 'danger'
  return (
    <div className="grid gap-5">
      <Card>
        <DescriptionList>
          <DescriptionItem term="Request" copy={<CopyButton value={id} label="Copy request id" />}>
            <code className="text-sm">
              {method} {path}
            </code>
          </DescriptionItem>
          <DescriptionItem term="Answer">
            <span className="inline-flex flex-wrap items-center gap-2">
              <Badge variant={variant}>{status}</Badge>
              {code && (
                <TextLink href={`/docs/errors#${code}`} prefetch={false} className="font-mono text-sm">
                  {code}
                </TextLink>
              )}
            </span>
          </DescriptionItem>
          <DescriptionItem term="Time">
            <RelativeTime value={time} />
          </DescriptionItem>
          <DescriptionItem term="Key">
            <span className="inline-flex flex-wrap items-center gap-2">
              {key.state === 'deleted' ? (
                <span>{key.name}</span>
              ) : (
                <TextLink href={`/settings/api-keys/${key.id}`}>{key.name}</TextLink>
              )}
              <EnvironmentBadge environment={key.environment} />
              {key.state !== 'active' && <Badge variant="outline">{key.state}</Badge>}
            </span>
          </DescriptionItem>
          <DescriptionItem term="Client address">{request.client_ip ?? 'Not known'}</DescriptionItem>
          <DescriptionItem term="User agent">{request.user_agent || 'None'}</DescriptionItem>
        </DescriptionList>
      </Card>
      <Trail steps={steps} code={code} />
    </div>
  )
}
