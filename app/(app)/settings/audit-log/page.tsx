import { History } from 'lucide-react'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { AuditSearch, auditQuery } from '@/lib/core/audit-schemas'
import { hasPermission } from '@/lib/core/principal'
import { filterOf, listAuditActions, listAuditLogs } from '@/lib/domain/audit-log'
import { findableRequests } from '@/lib/domain/request-trails'
import { pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { ButtonLink } from '../../../_ui/button-link'
import { DownloadLink } from '../../../_ui/download-link'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Pagination } from '../../../_ui/pagination'
import { callersOf } from '../../interactions/callers'
import { AuditFilters } from './audit-filters'
import { AuditTable } from './audit-table'
import { PATH } from './path'

export const metadata: Metadata = { title: 'Audit Log' }

/** What an address narrows the list to. A choice that does not exist is an address that does not exist. */
async function searchOf(searchParams: SearchParams): Promise<AuditSearch> {
  const search = AuditSearch.safeParse(await searchParams)
  return search.success ? search.data : notFound()
}

function NotForMembers({ role }: { role: string }) {
  return (
    <>
      <PageHeader title="Audit Log" />
      <EmptyState icon={<History />} title="The audit log needs the role admin">
        Your role here is {role}. Ask an admin of the organization.
      </EmptyState>
    </>
  )
}

export default async function AuditLogPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  if (!hasPermission(principal, 'audit:read')) return <NotForMembers role={principal.role} />
  const search = await searchOf(searchParams)
  const query = await pageQueryOf(searchParams)
  const [logs, actions, callers] = await Promise.all([
    listAuditLogs(principal, { ...filterOf(search), ...query }),
    listAuditActions(principal),
    callersOf(principal),
  ])
  const requests = await findableRequests(
    principal,
    logs.data.map(({ actor_kind, request_id }) => (actor_kind === 'key' ? request_id : null)),
  )
  const isNarrowed = Object.values(search).some(Boolean)
  return (
    <>
      <PageHeader
        title="Audit Log"
        description="Every change to settings, keys, members, connections and sign-in. The signed export proves that no row was edited, removed or moved since: twig audit verify."
        actions={
          <>
            <DownloadLink href={`${PATH}.csv${auditQuery(search)}`}>Download CSV</DownloadLink>
            <DownloadLink href={`${PATH}.jsonl`}>Signed export (JSONL)</DownloadLink>
          </>
        }
      />
      <AuditFilters key={auditQuery(search)} search={search} actions={actions} callers={callers} />
      {logs.data.length === 0 ? (
        <EmptyState
          icon={<History />}
          title={isNarrowed ? 'Nothing fits these filters' : 'Nothing was changed yet'}
          action={isNarrowed && <ButtonLink href={PATH}>Show all</ButtonLink>}
        >
          {isNarrowed ? 'Choose less, or a longer period.' : 'Changes are listed here as they are made.'}
        </EmptyState>
      ) : (
        <AuditTable logs={logs.data} callers={callers} requests={requests} />
      )}
      <Pagination
        label="Audit log pages"
        previousHref={query.cursor ? PATH + auditQuery(search) : undefined}
        nextHref={logs.next_cursor ? PATH + auditQuery({ ...search, cursor: logs.next_cursor }) : undefined}
      />
    </>
  )
}
