import type { DataSource } from '@/lib/core/data-schemas'
import { EnvironmentBadge } from '../../_ui/badge'
import { RelativeTime } from '../../_ui/relative-time'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../_ui/table'
import { TextLink } from '../../_ui/text-link'
import { KIND_NAMES } from './source-words'
import { SourceBadge } from './status-badges'

/** Data sources of one environment. */
export function SourceTable({ sources }: { sources: DataSource[] }) {
  return (
    <Table caption="Data sources">
      <TableHead>
        <HeaderCell>Name</HeaderCell>
        <HeaderCell>Kind</HeaderCell>
        <HeaderCell>Status</HeaderCell>
        <HeaderCell numeric>Documents</HeaderCell>
        <HeaderCell>Last indexed</HeaderCell>
        <HeaderCell>Environment</HeaderCell>
      </TableHead>
      <TableBody>
        {sources.map((source) => (
          <TableRow key={source.id}>
            <RowHeader>
              <TextLink href={`/data/${source.id}`} className="wrap-anywhere">
                {source.name}
              </TextLink>
            </RowHeader>
            <TableCell label="Kind">{KIND_NAMES[source.kind]}</TableCell>
            <TableCell label="Status">
              <SourceBadge status={source.status} />
            </TableCell>
            <TableCell label="Documents" numeric>
              {source.document_count.toLocaleString('en')}
            </TableCell>
            <TableCell label="Last indexed">
              <RelativeTime value={source.last_sync_at} />
            </TableCell>
            <TableCell label="Environment">
              <EnvironmentBadge environment={source.environment} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}
