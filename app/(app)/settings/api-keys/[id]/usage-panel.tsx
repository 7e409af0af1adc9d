import { Activity } from 'lucide-react'
import { type ApiKey, type UsagePeriod, usagePeriods } from '@/lib/core/key-schemas'
import type { Principal } from '@/lib/core/principal'
import { REFUSED_KEPT_MAX } from '@/lib/core/usage'
import { apiKeyRequests } from '@/lib/domain/usage'
import { nodeEnv } from '@/lib/env/node'
import { Card, CardBody } from '../../../../_ui/card'
import { DownloadLink } from '../../../../_ui/download-link'
import { EmptyState } from '../../../../_ui/empty-state'
import { Pagination } from '../../../../_ui/pagination'
import { RelativeTime } from '../../../../_ui/relative-time'
import { countText } from '../../../../_ui/scale'
import { Section } from '../../../../_ui/section'
import { Segmented } from '../../../../_ui/segmented'
import { Stat, StatGroup } from '../../../../_ui/stat'
import { BucketLevels } from './bucket-levels'
import { latencyText, periodWords, stepText, successText } from './figures'
import { LiveRefresh } from './live-refresh'
import { loadUsage } from './load'
import { UsageChart } from './usage-chart'
import { CallerTable, EndpointTable, RequestTable } from './usage-tables'

const REQUESTS_A_PAGE = 20

interface UsagePanelProps {
  principal: Principal
  apiKey: ApiKey
  period: UsagePeriod
  /** Of the recent requests; the newest without one. */
  cursor: string | undefined
}

/** What a key is used for, by whom and how well (B8). */
export async function UsagePanel({ principal, apiKey, period, cursor }: UsagePanelProps) {
  const { id } = apiKey
  const [report, recent] = await Promise.all([
    loadUsage(principal, id, period),
    apiKeyRequests(principal, { id, limit: REQUESTS_A_PAGE, cursor }),
  ])
  const path = `/settings/api-keys/${id}`
  const { requests, outcomes, latency_ms: latency } = report.totals
  if (requests === 0 && recent.data.length === 0 && !cursor && report.last_used_at === null) {
    return <NoRequestsYet apiKey={apiKey} />
  }
  const within = periodWords[period].long
  const address = `${path}?tab=usage&period=${period}`
  return (
    <>
      <div className="mb-5 flex flex-wrap items-center justify-between gap-3">
        <Segmented
          label="Period"
          items={usagePeriods.map((each) => ({
            href: `${path}?tab=usage&period=${each}`,
            label: periodWords[each].label,
            current: each === period,
          }))}
        />
        <div className="flex gap-2">
          <LiveRefresh />
          <DownloadLink href={`${path}/usage.csv?period=${period}`}>Download CSV</DownloadLink>
        </div>
      </div>
      <StatGroup>
        <Stat
          label="Requests"
          value={countText(requests)}
          hint={report.last_used_at ? <LastUse value={report.last_used_at} /> : 'None yet'}
        />
        <Stat
          label="Success rate"
          value={successText(outcomes)}
          hint={`${countText(outcomes.client_error)} client, ${countText(outcomes.server_error)} server errors`}
        />
        <Stat label="Refused" value={countText(outcomes.refused)} hint="401 and 403" />
        <Stat label="Rate limited" value={countText(outcomes.rate_limited)} hint="429" />
        <Stat
          label="Latency, median"
          value={latency ? latencyText(latency.p50) : '–'}
          hint={latency && `p95 ${latencyText(latency.p95)}, p99 ${latencyText(latency.p99)}`}
        />
      </StatGroup>
      <Section
        title="Requests over time"
        description={`Each bar is ${stepText(report.step_seconds)}; times are UTC.`}
      >
        <Card>
          <CardBody className="py-5">
            <UsageChart report={report} />
          </CardBody>
        </Card>
      </Section>
      {report.endpoints.length > 0 && (
        <Section title="By endpoint and status" description={`In ${within}, most requests first.`}>
          <EndpointTable endpoints={report.endpoints} />
        </Section>
      )}
      <Section
        title="Rate limits now"
        description="A request takes from the key's bucket and from the organization's; both fill up again within a minute."
      >
        <BucketLevels buckets={report.buckets} scopes={apiKey.scopes} />
      </Section>
      {report.callers.length > 0 && (
        <Section
          title="Callers"
          description={`Seen in ${within}, counted by whole days (UTC). An address that you do not know is worth a look.`}
        >
          <CallerTable callers={report.callers} />
        </Section>
      )}
      <Section
        title="Recent requests"
        description={`Of the last 30 days, newest first; of refused ones the first ${REFUSED_KEPT_MAX} of a minute.`}
      >
        {recent.data.length === 0 ? (
          <p className="text-muted">None {cursor ? 'older than those on the page before' : 'is kept'}.</p>
        ) : (
          <RequestTable requests={recent.data} />
        )}
        <Pagination
          label="Request pages"
          previousHref={cursor ? address : undefined}
          nextHref={recent.next_cursor ? `${address}&cursor=${recent.next_cursor}` : undefined}
        />
      </Section>
    </>
  )
}

function LastUse({ value }: { value: string }) {
  return (
    <>
      Last one <RelativeTime value={value} />
    </>
  )
}

function NoRequestsYet({ apiKey }: { apiKey: ApiKey }) {
  const base = `${nodeEnv().appUrl}/api/${apiKey.environment === 'test' ? 'test/' : ''}v1`
  return (
    <EmptyState
      icon={<Activity />}
      title="No requests yet"
      action={<LiveRefresh />}
      samples={[
        {
          label: 'curl',
          code: `curl ${base}/whoami \\\n  -H "Authorization: Bearer $TWIG_API_KEY"`,
        },
      ]}
    >
      Put the key in TWIG_API_KEY and run this; it shows here within two seconds.
    </EmptyState>
  )
}
