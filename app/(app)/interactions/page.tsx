import { MessagesSquare } from 'lucide-react'
import type { Metadata } from 'next'
import { searchQuery } from '@/lib/core/interaction-search'
import { hasPermission } from '@/lib/core/principal'
import { findInteractions, SEARCHED_MAX } from '@/lib/domain/interaction-search'
import { getOrganization } from '@/lib/domain/organization-settings'
import { nodeEnv } from '@/lib/env/node'
import { pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { ButtonLink } from '../../_ui/button-link'
import { DownloadLink } from '../../_ui/download-link'
import { EmptyState } from '../../_ui/empty-state'
import { PageHeader } from '../../_ui/page-header'
import { Pagination } from '../../_ui/pagination'
import { countText } from '../../_ui/scale'
import { Segmented } from '../../_ui/segmented'
import { apiBase, curlSample } from '../agents/[id]/samples'
import { callersOf } from './callers'
import { everyAgent } from './every-agent'
import { InteractionFilters } from './interaction-filters'
import { InteractionTable } from './interaction-table'
import { RetentionDialog } from './retention-dialog'
import { retentionText } from './retention-words'
import { searchOf } from './search-of'

export const metadata: Metadata = { title: 'Interactions' }

export default async function InteractionsPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  const search = await searchOf(searchParams)
  const query = await pageQueryOf(searchParams)
  const environment = search.environment ?? 'live'
  const maySee = hasPermission(principal, 'organization:read')
  const [interactions, agents] = await Promise.all([
    findInteractions(principal, { ...search, ...query }),
    everyAgent(principal, environment),
  ])
  const [callers, organization] = await Promise.all([
    callersOf(principal),
    maySee ? getOrganization(principal) : null,
  ])
  const { environment: _, ...chosen } = search
  const isNarrowed = Object.values(chosen).some(Boolean)
  const isEmpty = interactions.data.length === 0
  const days = organization?.interaction_retention_days
  return (
    <>
      <PageHeader
        title="Interactions"
        description={`What was asked and answered.${organization ? ` ${retentionText(days ?? null)}` : ''}`}
        actions={
          organization && hasPermission(principal, 'organization:write') ? (
            <RetentionDialog days={organization.interaction_retention_days} />
          ) : undefined
        }
      />
      <div className="mb-5 flex flex-wrap items-center justify-between gap-3">
        <Segmented
          label="Environment"
          items={[
            { href: '/interactions', label: 'Live', current: environment === 'live' },
            { href: '/interactions?environment=test', label: 'Test', current: environment === 'test' },
          ]}
        />
        {!isEmpty && (
          <DownloadLink href={`/interactions.csv${searchQuery(search)}`}>Download CSV</DownloadLink>
        )}
      </div>
      {(!isEmpty || isNarrowed) && (
        <InteractionFilters
          key={searchQuery(search)}
          search={search}
          agents={agents}
          keys={callers.keys}
          people={callers.people}
        />
      )}
      {isEmpty ? (
        <Nothing
          isNarrowed={isNarrowed}
          isSearch={Boolean(search.text)}
          name={environment === 'test' ? 'Test' : 'Live'}
          sample={curlSample(`${apiBase(nodeEnv().appUrl, environment)}/query`, {
            agent_id: agents[0]?.id ?? 'agent_…',
            query: 'How do I reset my password?',
          })}
        />
      ) : (
        <InteractionTable interactions={interactions.data} callers={callers} />
      )}
      <Pagination
        label="Interaction pages"
        previousHref={query.cursor ? `/interactions${searchQuery(search)}` : undefined}
        nextHref={
          interactions.next_cursor
            ? `/interactions${searchQuery({ ...search, cursor: interactions.next_cursor })}`
            : undefined
        }
      />
    </>
  )
}

interface NothingProps {
  isNarrowed: boolean
  isSearch: boolean
  name: string
  sample: string
}

function Nothing({ isNarrowed, isSearch, name, sample }: NothingProps) {
  if (isNarrowed) {
    return (
      <EmptyState icon={<MessagesSquare />} title="Nothing fits these filters">
        {isSearch
          ? `A text is looked for in the latest ${countText(SEARCHED_MAX)} interactions that the other filters leave.`
          : 'Choose less, or a longer period.'}
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon={<MessagesSquare />}
      title={`No ${name} interactions yet`}
      action={
        <ButtonLink href={name === 'Test' ? '/agents?environment=test' : '/agents'}>
          Choose an agent
        </ButtonLink>
      }
      samples={[{ label: 'curl', code: sample }]}
    >
      Ask an agent in its playground, or with a {name} key that has the scope execute; it shows here at once.
    </EmptyState>
  )
}
