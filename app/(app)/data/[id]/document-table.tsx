import type { DataDocument } from '@/lib/core/data-schemas'
import { bytesText } from '../../../_ui/bytes'
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
}

/** Documents of one source. */
export function DocumentTable({ documents, writable }: DocumentTableProps) {
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
              <span className="wrap-anywhere">{document.title}</span>
              {document.url && (
                <a
                  href={document.url}
                  rel="noreferrer nofollow"
                  target="_blank"
                  className="block truncate font-normal text-muted text-sm underline decoration-control underline-offset-4 hover:text-accent"
                >
                  {document.url.replace(/^https?:\/\//, '')}
                </a>
              )}
              {document.status_detail && (
                <span className="wrap-anywhere mt-0.5 block font-normal text-danger text-sm">
                  {document.status_detail}
                </span>
              )}
            </RowHeader>
            <TableCell label="Status">
              <DocumentBadge status={document.status} />
            </TableCell>
            <TableCell label="Kind">{TYPE_NAMES[document.media_type]}</TableCell>
            <TableCell label="Size" numeric>
              <span className="whitespace-nowrap">{bytesText(document.size)}</span>
            </TableCell>
            <TableCell label="Pages" numeric>
              {document.page_count?.toLocaleString('en') ?? '–'}
            </TableCell>
            <TableCell label="Passages" numeric>
              {document.passage_count.toLocaleString('en')}
            </TableCell>
            <TableCell label="Added">
              <RelativeTime value={document.created_at} />
            </TableCell>
            {writable && (
              <ActionsCell>
                <DocumentMenu document={document} />
              </ActionsCell>
            )}
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}
