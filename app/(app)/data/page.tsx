import { Database } from 'lucide-react'
import type { Metadata } from 'next'
import { hasPermission } from '@/lib/core/principal'
import { connectorChoices } from '@/lib/domain/connections'
import { listDataSources } from '@/lib/domain/data-sources'
import { nodeEnv } from '@/lib/env/node'
import { environmentOf, pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../_ui/empty-state'
import { PageHeader } from '../../_ui/page-header'
import { Pagination } from '../../_ui/pagination'
import { Segmented } from '../../_ui/segmented'
import { AddSourceDialog } from './add-source-dialog'
import { RefreshWhileIndexing } from './refresh-while-indexing'
import { SourceTable } from './source-table'

export const metadata: Metadata = { title: 'Data' }

export default async function DataPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  const environment = await environmentOf(searchParams)
  const query = await pageQueryOf(searchParams)
  const sources = await listDataSources({ ...principal, environment }, query)
  const isTest = environment === 'test'
  const path = isTest ? '/data?environment=test' : '/data'
  const base = `${nodeEnv().appUrl}/api/${isTest ? 'test/' : ''}v1`
  const writable = hasPermission(principal, 'data-sources:write')
  const add = writable && <AddSourceDialog environment={environment} choices={connectorChoices(principal)} />
  return (
    <>
      <PageHeader
        title="Data"
        description="Connected apps, texts and files that agents draw their answers from."
        actions={sources.data.length > 0 && add}
      />
      <div className="mb-5">
        <Segmented
          label="Environment"
          items={[
            { href: '/data', label: 'Live', current: !isTest },
            { href: '/data?environment=test', label: 'Test', current: isTest },
          ]}
        />
      </div>
      {sources.data.length === 0 ? (
        <EmptyState
          icon={<Database />}
          title={`No ${isTest ? 'Test' : 'Live'} data sources yet`}
          action={add}
          samples={[
            {
              label: 'curl',
              code: `curl ${base}/data-sources \\\n  -H "Authorization: Bearer $TWIG_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '{"name": "Handbook"}'`,
            },
          ]}
        >
          {writable
            ? 'Connect Google Drive, Slack, Notion or Microsoft 365, paste a text or drop some files, and agents quote from them.'
            : 'A member of the organization can connect apps and add texts and files that agents quote from.'}
        </EmptyState>
      ) : (
        <SourceTable sources={sources.data} />
      )}
      <RefreshWhileIndexing active={sources.data.some(({ status }) => status === 'indexing')} />
      <Pagination
        label="Data source pages"
        previousHref={query.cursor ? path : undefined}
        nextHref={
          sources.next_cursor ? `${path}${isTest ? '&' : '?'}cursor=${sources.next_cursor}` : undefined
        }
      />
    </>
  )
}
