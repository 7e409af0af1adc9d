import type { DataDocument, DataSource } from '@/lib/core/data-schemas'
import type { ListQuery, Page } from '@/lib/core/schemas'
import { Banner } from '../../../_ui/banner'
import { Pagination } from '../../../_ui/pagination'
import { AddDocuments } from './add-documents'
import { DocumentTable } from './document-table'

interface DocumentsPanelProps {
  source: DataSource
  documents: Page<DataDocument>
  query: ListQuery
  writable: boolean
}

/** What a source is made of, and the place to add to it. */
export function DocumentsPanel({ source, documents, query, writable }: DocumentsPanelProps) {
  const path = `/data/${source.id}`
  const isEmpty = source.document_count === 0
  return (
    <div className="grid gap-6">
      {source.status_detail && (
        <Banner tone="danger" title="Some documents are not in use">
          {source.status_detail}
        </Banner>
      )}
      {writable && <AddDocuments sourceId={source.id} isEmpty={isEmpty} />}
      {!isEmpty && (
        <div>
          <DocumentTable documents={documents.data} writable={writable} />
          <Pagination
            label="Document pages"
            previousHref={query.cursor ? path : undefined}
            nextHref={documents.next_cursor ? `${path}?cursor=${documents.next_cursor}` : undefined}
          >
            {source.document_count.toLocaleString('en')} documents
          </Pagination>
        </div>
      )}
      {isEmpty && !writable && (
        <p className="text-muted">There are no documents yet. A member of the organization can add some.</p>
      )}
    </div>
  )
}
