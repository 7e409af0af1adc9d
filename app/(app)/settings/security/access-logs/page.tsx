import { Activity } from 'lucide-react'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { AccessLogSearch, accessLogQuery } from '@/lib/core/access-log-search'
import { hasPermission } from '@/lib/core/principal'
import { findAccessLogs } from '@/lib/domain/access-logs'
import { findableRequests } from '@/lib/domain/request-trails'
import { pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { ButtonLink } from '../../../../_ui/button-link'
import { DownloadLink } from '../../../../_ui/download-link'
import { EmptyState } from '../../../../_ui/empty-state'
import { PageHeader } from '../../../../_ui/page-header'
import { Pagination } from '../../../../_ui/pagination'
import { callersOf } from '../../../interactions/callers'
import { NotForMembers } from '../empty-pages'
import { LiveTail } from './live-tail'
import { LogFilters } from './log-filters'
import { LogTable } from './log-table'

const TITLE = 'Access Logs'
const PATH = '/settings/security/access-logs'
const EMPTY = { on: 'No blocked attempts in the last hour', off: 'No blocked attempts' }

export const metadata: Metadata = { title: TITLE }

export default async function AccessLogsPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  if (!hasPermission(principal, 'security:read')) return <NotForMembers role={principal.role} title={TITLE} />
  const parsed = AccessLogSearch.safeParse(await searchParams)
  if (!parsed.success) notFound()
  const search = parsed.data
  const query = await pageQueryOf(searchParams)
  const [{ data: entries, next_cursor: next }, callers] = await Promise.all([
    findAccessLogs(principal, { ...search, ...query }),
    callersOf(principal),
  ])
  const requests = await findableRequests(
    principal,
    entries.map(({ key_id, request_id }) => (key_id ? request_id : null)),
  )
  const isEmpty = entries.length === 0
  const { live, ...filters } = search
  const isNarrowed = Object.values(filters).some(Boolean)
  return (
    <>
      <PageHeader
        title={TITLE}
        description="Every attempt that was blocked in the last 30 days; those alike within a minute are one row. Forged keys belong to no organization and stand in the operator’s log."
        back={{ href: '/settings/security', label: 'Security' }}
        actions={
          <>
            {!isEmpty && (
              <DownloadLink href={`${PATH}.csv${accessLogQuery(search)}`}>Download CSV</DownloadLink>
            )}
            <ButtonLink
              size="sm"
              href={`${PATH}${accessLogQuery({ ...search, live: live ? undefined : 'on' })}`}
            >
              {live ? 'End live' : 'Live'}
            </ButtonLink>
          </>
        }
      />
      {live && !query.cursor && <LiveTail />}
      {(!isEmpty || isNarrowed) && (
        <LogFilters key={accessLogQuery(search)} search={search} keys={callers.keys} />
      )}
      {isEmpty ? (
        <EmptyState
          icon={<Activity />}
          title={isNarrowed ? 'Nothing fits these filters' : EMPTY[live ?? 'off']}
        >
          {isNarrowed
            ? 'Choose less, or a longer period.'
            : 'What the allowlist refuses, and uses of deleted, disabled or wrong-environment keys, show here within seconds.'}
        </EmptyState>
      ) : (
        <LogTable entries={entries} callers={callers} requests={requests} />
      )}
      <Pagination
        label="Access log pages"
        previousHref={query.cursor ? `${PATH}${accessLogQuery(search)}` : undefined}
        nextHref={next ? `${PATH}${accessLogQuery({ ...search, cursor: next })}` : undefined}
      />
    </>
  )
}
