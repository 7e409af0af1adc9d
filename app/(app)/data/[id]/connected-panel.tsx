import type { Connection } from '@/lib/core/connectors'
import type { DataDocument, DataSource } from '@/lib/core/data-schemas'
import type { ListQuery, Page } from '@/lib/core/schemas'
import type { SourceSync } from '@/lib/core/sync-schemas'
import { Pagination } from '../../../_ui/pagination'
import { Section } from '../../../_ui/section'
import { ConnectionCard } from './connection-card'
import { ConnectionNotice } from './connection-notice'
import { DocumentTable } from './document-table'
import { SelectionForm } from './selection-form'

interface ConnectedPanelProps {
  source: DataSource
  connection: Connection
  sync: SourceSync
  documents: Page<DataDocument>
  agents: ReadonlyArray<{ name: string }>
  query: ListQuery
  writable: boolean
}

/** A connected source: how the connection is, what to index while nothing is chosen, and what was read. */
export function ConnectedPanel(props: ConnectedPanelProps) {
  const { source, connection, sync, agents, writable } = props
  const isUnchosen = sync.selection.length === 0
  const isConnected = connection.state === 'connected'
  return (
    <>
      <div className="grid gap-4">
        <ConnectionNotice
          sourceId={source.id}
          connection={connection}
          sync={sync}
          agents={agents}
          writable={writable}
        />
        {connection.state !== 'disconnected' && (
          <ConnectionCard source={source} connection={connection} sync={sync} writable={writable} />
        )}
      </div>
      {isUnchosen && isConnected && writable && (
        <Section title="Choose what to index" className="mt-10">
          <SelectionForm sourceId={source.id} provider={connection.provider} selection={[]} />
        </Section>
      )}
      {isUnchosen && isConnected && !writable && (
        <p className="mt-6 text-muted">
          Nothing is chosen yet. A member of the organization can choose what to index.
        </p>
      )}
      {source.document_count > 0 && <Documents {...props} />}
    </>
  )
}

function Documents({ source, connection, documents, query, writable }: ConnectedPanelProps) {
  const path = `/data/${source.id}`
  return (
    <Section title="Documents" description={source.status_detail ?? undefined} className="mt-10">
      <DocumentTable documents={documents.data} writable={writable} provider={connection.provider} />
      <Pagination
        label="Document pages"
        previousHref={query.cursor ? path : undefined}
        nextHref={documents.next_cursor ? `${path}?cursor=${documents.next_cursor}` : undefined}
      >
        {source.document_count.toLocaleString('en')} documents
      </Pagination>
    </Section>
  )
}
