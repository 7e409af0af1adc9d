import type { Metadata } from 'next'
import { hasPermission } from '@/lib/core/principal'
import { agentsOfDataSource } from '@/lib/domain/agent-sources'
import { getDataSource } from '@/lib/domain/data-sources'
import { listDocuments } from '@/lib/domain/documents'
import { nodeEnv } from '@/lib/env/node'
import { orNotFound, pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { Badge, EnvironmentBadge } from '../../../_ui/badge'
import { CopyButton } from '../../../_ui/copy-button'
import { PageHeader } from '../../../_ui/page-header'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../../../_ui/tabs'
import { KindMark } from '../kind-mark'
import { RefreshWhileIndexing } from '../refresh-while-indexing'
import { KIND_NAMES } from '../source-words'
import { SourceBadge } from '../status-badges'
import { ApiPanel } from './api-panel'
import { ConnectedPanel } from './connected-panel'
import { isMoving } from './connection-words'
import { DocumentsPanel } from './documents-panel'
import { SettingsPanel } from './settings-panel'

export const metadata: Metadata = { title: 'Data source' }

interface DataSourcePageProps {
  params: Promise<{ id: string }>
  searchParams: SearchParams
}

export default async function DataSourcePage({ params, searchParams }: DataSourcePageProps) {
  const { principal } = await requireUser()
  const source = await orNotFound(getDataSource(principal, await params))
  const query = await pageQueryOf(searchParams)
  const [documents, agents] = await Promise.all([
    listDocuments(principal, { id: source.id, ...query }),
    agentsOfDataSource(principal.organizationId, source.id),
  ])
  const { connection, sync } = source
  const connected = connection && sync ? { connection, sync } : null
  const writable = hasPermission(principal, 'data-sources:write')
  const isTest = source.environment === 'test'
  return (
    <>
      <PageHeader
        title={source.name}
        badges={
          <>
            <EnvironmentBadge environment={source.environment} />
            <Badge variant="outline" icon={<KindMark kind={source.kind} />}>
              {KIND_NAMES[source.kind]}
            </Badge>
            <SourceBadge source={source} />
          </>
        }
        description={
          <span className="inline-flex items-center gap-1">
            <code className="text-sm">{source.id}</code>
            <CopyButton value={source.id} label="Copy data source id" />
          </span>
        }
        back={{ href: isTest ? '/data?environment=test' : '/data', label: 'Data' }}
      />
      <RefreshWhileIndexing
        active={source.status === 'indexing' || (connected !== null && isMoving(connected))}
      />
      <Tabs param="tab" values={['documents', 'api', 'settings']}>
        <TabsList label="About this data source">
          <TabsTrigger value="documents">Documents</TabsTrigger>
          <TabsTrigger value="api">API</TabsTrigger>
          <TabsTrigger value="settings">Settings</TabsTrigger>
        </TabsList>
        <TabsContent value="documents">
          {connected ? (
            <ConnectedPanel
              source={source}
              {...connected}
              documents={documents}
              agents={agents}
              query={query}
              writable={writable}
            />
          ) : (
            <DocumentsPanel source={source} documents={documents} query={query} writable={writable} />
          )}
        </TabsContent>
        <TabsContent value="api">
          <ApiPanel source={source} appUrl={nodeEnv().appUrl} />
        </TabsContent>
        <TabsContent value="settings">
          <SettingsPanel source={source} connected={connected} agents={agents} writable={writable} />
        </TabsContent>
      </Tabs>
    </>
  )
}
