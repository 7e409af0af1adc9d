import { Plug } from 'lucide-react'
import type { Metadata } from 'next'
import { hasPermission } from '@/lib/core/principal'
import { listExternalKeys } from '@/lib/domain/external-keys'
import { pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Pagination } from '../../../_ui/pagination'
import { AddKeyButton, ExternalKeyDialogs } from './external-key-dialogs'
import { ExternalKeyTable } from './external-key-table'

const TITLE = 'External API Keys'
const PATH = '/settings/external-keys'

export const metadata: Metadata = { title: TITLE }

export default async function ExternalKeysPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  const query = await pageQueryOf(searchParams)
  if (!hasPermission(principal, 'external-keys:read')) {
    return (
      <>
        <PageHeader title={TITLE} />
        <EmptyState icon={<Plug />} title="External keys need the role member">
          Your role here is viewer. Ask an admin of the organization to change it.
        </EmptyState>
      </>
    )
  }
  const { data: keys, next_cursor } = await listExternalKeys(principal, query)
  const canChange = hasPermission(principal, 'external-keys:write')
  const none = keys.length === 0
  return (
    <ExternalKeyDialogs>
      <PageHeader
        title={TITLE}
        description="Bring your own model: what agents ask with one of these keys, the provider bills to you."
        actions={!none && canChange && <AddKeyButton />}
      />
      {none ? (
        <EmptyState icon={<Plug />} title="No external keys yet" action={canChange && <AddKeyButton />}>
          {canChange
            ? 'Add a key of OpenAI, Anthropic or any OpenAI-compatible server, then choose it in an agent’s configuration.'
            : 'An admin of the organization can add a key of OpenAI, Anthropic or any OpenAI-compatible server.'}
        </EmptyState>
      ) : (
        <ExternalKeyTable keys={keys} canChange={canChange} />
      )}
      <Pagination
        label="External key pages"
        previousHref={query.cursor ? PATH : undefined}
        nextHref={next_cursor ? `${PATH}?cursor=${next_cursor}` : undefined}
      />
    </ExternalKeyDialogs>
  )
}
