import type { ConnectorProvider } from '@/lib/core/connectors'
import type { DataDocument } from '@/lib/core/data-schemas'
import { bytesText } from '../../../_ui/bytes'
import { cn } from '../../../_ui/cn'
import { RelativeTime } from '../../../_ui/relative-time'
import {
  ActionsCell,
  HeaderCell,
  RowHeader,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableRow,
} from '../../../_ui/table'
import { TYPE_NAMES } from '../source-words'
import { DocumentBadge } from '../status-badges'
import { DocumentMenu } from './document-menu'

interface DocumentTableProps {
  documents: DataDocument[]
  writable: boolean
  /** Where they come from, if they come from a provider. */
  provider?: ConnectorProvider | undefined
}

/** Documents of one source. */
export function DocumentTable({ documents, writable, provider }: DocumentTableProps) {
  return (
    <Table caption="Documents" stack="wide">
      <TableHead>
        <HeaderCell>Title</HeaderCell>
        <HeaderCell>Status</HeaderCell>
        <HeaderCell>Kind</HeaderCell>
        <HeaderCell numeric>Size</HeaderCell>
        <HeaderCell numeric>Pages</HeaderCell>
        <HeaderCell numeric>Passages</HeaderCell>
        <HeaderCell>Added</HeaderCell>
        {writable && <HeaderCell unseen>Actions</HeaderCell>}
      </TableHead>
      <TableBody>
        {documents.map((document) => (
          <TableRow key={document.id}>
            <RowHeader className="min-w-48">
              <DocumentTitle document={document} isRemote={provider !== undefined} />
              {document.status_detail && (
                <span
                  className={cn(
                    'wrap-anywhere mt-0.5 block font-normal text-sm',
                    document.status === 'failed' ? 'text-danger' : 'text-muted',
                  )}
                >
                  {document.status_detail}
                </span>
              )}
            </RowHeader>
            <TableCell label="Status">
              <DocumentBadge status={document.status} />
            </TableCell>
            <TableCell label="Kind">{TYPE_NAMES[document.media_type]}</TableCell>
            <TableCell label="Size" numeric>
              <span className="whitespace-nowrap">
                {document.status === 'skipped' ? '–' : bytesText(document.size)}
              </span>
            </TableCell>
            <TableCell label="Pages" numeric>
              {document.page_count?.toLocaleString('en') ?? '–'}
            </TableCell>
            <TableCell label="Passages" numeric>
              {document.status === 'skipped' ? '–' : document.passage_count.toLocaleString('en')}
            </TableCell>
            <TableCell label="Added">
              <RelativeTime value={document.created_at} />
            </TableCell>
            {writable && (
              <ActionsCell>
                {/* What was not read cannot be read again. */}
                {document.status !== 'skipped' && (
                  <DocumentMenu document={document} isRemote={provider !== undefined} />
                )}
              </ActionsCell>
            )}
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

const linkStyles = 'underline decoration-control underline-offset-4 hover:text-accent'

/** The title leads to the document at its provider; one that was added here shows its address, if it has one. */
function DocumentTitle({
  document: { title, url, path },
  isRemote,
}: {
  document: DataDocument
  isRemote: boolean
}) {
  const outside = { rel: 'noreferrer nofollow', target: '_blank' }
  if (isRemote) {
    return (
      <>
        {url ? (
          <a href={url} {...outside} className={`wrap-anywhere rounded-sm ${linkStyles}`}>
            {title}
          </a>
        ) : (
          <span className="wrap-anywhere">{title}</span>
        )}
        {path && <span className="wrap-anywhere block font-normal text-muted text-sm">{path}</span>}
      </>
    )
  }
  return (
    <>
      <span className="wrap-anywhere">{title}</span>
      {url && (
        <a href={url} {...outside} className={`block truncate font-normal text-muted text-sm ${linkStyles}`}>
          {url.replace(/^https?:\/\//, '')}
        </a>
      )}
    </>
  )
}
