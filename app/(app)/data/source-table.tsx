import type { DataSource } from '@/lib/core/data-schemas'
import { RelativeTime } from '../../_ui/relative-time'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../_ui/table'
import { TextLink } from '../../_ui/text-link'
import { KindMark } from './kind-mark'
import { KIND_NAMES } from './source-words'
import { SourceBadge } from './status-badges'

/** Data sources of one environment. */
export function SourceTable({ sources }: { sources: DataSource[] }) {
  return (
    <Table caption="Data sources" stack="wide">
      <TableHead>
        <HeaderCell>Name</HeaderCell>
        <HeaderCell>Kind</HeaderCell>
        <HeaderCell>Account</HeaderCell>
        <HeaderCell>Status</HeaderCell>
        <HeaderCell numeric>Documents</HeaderCell>
        <HeaderCell>Last sync</HeaderCell>
      </TableHead>
      <TableBody>
        {sources.map((source) => (
          <TableRow key={source.id}>
            <RowHeader>
              <TextLink href={`/data/${source.id}`} className="wrap-anywhere">
                {source.name}
              </TextLink>
            </RowHeader>
            <TableCell label="Kind">
              <span className="inline-flex items-center gap-2 whitespace-nowrap">
                <KindMark kind={source.kind} className="size-4 shrink-0" />
                {KIND_NAMES[source.kind]}
              </span>
            </TableCell>
            <TableCell label="Account">
              {source.connection?.account ? (
                <span className="wrap-anywhere">{source.connection.account.name}</span>
              ) : (
                <span className="text-muted">–</span>
              )}
            </TableCell>
            <TableCell label="Status">
              <SourceBadge source={source} />
            </TableCell>
            <TableCell label="Documents" numeric>
              {source.document_count.toLocaleString('en')}
            </TableCell>
            <TableCell label="Last sync">
              <RelativeTime value={source.last_sync_at} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}
