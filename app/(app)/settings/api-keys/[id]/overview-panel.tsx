import type { ApiKey, UsagePeriod } from '@/lib/core/key-schemas'
import type { Principal } from '@/lib/core/principal'
import { listMembers } from '@/lib/domain/organizations'
import { Card } from '../../../../_ui/card'
import { DescriptionItem, DescriptionList } from '../../../../_ui/description-list'
import { RelativeTime } from '../../../../_ui/relative-time'
import { countText } from '../../../../_ui/scale'
import { Section } from '../../../../_ui/section'
import { TextLink } from '../../../../_ui/text-link'
import { utcMinuteText } from '../../../../_ui/time'
import { SuccessorLink } from './key-notice'
import { loadUsage } from './load'
import { ScopeTable } from './scope-table'

interface OverviewPanelProps {
  principal: Principal
  organizationName: string
  apiKey: ApiKey
  period: UsagePeriod
  successor: ApiKey | null
  predecessor: ApiKey | null
  narrowable: boolean
  nowMs: number
}

/** "3 days ago (2026-11-20 16:30 UTC)". */
function Moment({ value }: { value: string }) {
  return (
    <>
      <RelativeTime value={value} /> <span className="text-muted">({utcMinuteText(Date.parse(value))})</span>
    </>
  )
}

/** Who made a key; the name of somebody who has left is not kept. */
async function creatorOf(principal: Principal, { created_by: createdBy }: ApiKey): Promise<string> {
  if (createdBy === null) return 'a program or the operator'
  const members = await listMembers(principal)
  return members.find(({ userId }) => userId === createdBy)?.name ?? 'somebody who has left'
}

/** Facts about a key and what its scopes are used for. */
export async function OverviewPanel(props: OverviewPanelProps) {
  const { principal, organizationName, apiKey, period, successor, predecessor, narrowable, nowMs } = props
  const [report, creator] = await Promise.all([
    loadUsage(principal, apiKey.id, period),
    creatorOf(principal, apiKey),
  ])
  const { requests, callers } = report.today
  return (
    <>
      <Section title="Facts">
        <Card>
          <DescriptionList>
            <DescriptionItem term="Belongs to">{organizationName}, whoever made it</DescriptionItem>
            <DescriptionItem term="Created">
              <Moment value={apiKey.created_at} />, by {creator}
            </DescriptionItem>
            <DescriptionItem term="Last used">
              {report.last_used_at ? <Moment value={report.last_used_at} /> : 'Never'}
            </DescriptionItem>
            <DescriptionItem term="Today (UTC)">
              {requests === 0
                ? 'Not used'
                : `${countText(requests)} ${requests === 1 ? 'request' : 'requests'} by ${countText(callers)} ${callers === 1 ? 'caller' : 'callers'}`}
            </DescriptionItem>
            {predecessor && (
              <DescriptionItem term="Replaces">
                <SuccessorLink apiKey={predecessor} />
                {predecessor.ends_at && (
                  <>
                    , which {predecessor.state === 'ended' ? 'ended' : 'ends'}{' '}
                    <RelativeTime value={predecessor.ends_at} />
                  </>
                )}
              </DescriptionItem>
            )}
            {apiKey.rotated_to && (
              <DescriptionItem term="Replaced by">
                {successor ? <SuccessorLink apiKey={successor} /> : 'A key that was deleted'}
              </DescriptionItem>
            )}
            {apiKey.ends_at && (
              <DescriptionItem term={apiKey.state === 'ended' ? 'Ended' : 'Ends'}>
                <Moment value={apiKey.ends_at} />
              </DescriptionItem>
            )}
          </DescriptionList>
        </Card>
      </Section>
      <Section
        title="Scopes"
        description={
          <>
            What the key may call. A scope that is missing here takes a{' '}
            <TextLink href="/settings/api-keys">new key</TextLink>; those it has can be narrowed.
          </>
        }
      >
        <ScopeTable apiKey={apiKey} used={report.scopes_used} narrowable={narrowable} nowMs={nowMs} />
      </Section>
    </>
  )
}
