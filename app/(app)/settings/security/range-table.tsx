'use client'

import { compileRanges, holdsText, parseRange, rangeSizeText } from '@/lib/core/ip-ranges'
import type { AllowlistRange } from '@/lib/core/protection-schemas'
import { Badge } from '../../../_ui/badge'
import { Button } from '../../../_ui/button'
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
import { useRangeDialogs } from './range-dialogs'

function sizeOf(cidr: string): string {
  const parsed = parseRange(cidr)
  return parsed.ok ? rangeSizeText(parsed.range) : ''
}

/** The list's ranges, each with how much it holds. */
export function RangeTable({ ranges, clientIp }: { ranges: AllowlistRange[]; clientIp: string | null }) {
  const ask = useRangeDialogs()
  return (
    <Table caption="IP allowlist">
      <TableHead>
        <HeaderCell>Range</HeaderCell>
        <HeaderCell>Holds</HeaderCell>
        <HeaderCell>Description</HeaderCell>
        <HeaderCell>Added</HeaderCell>
        <HeaderCell unseen>Actions</HeaderCell>
      </TableHead>
      <TableBody>
        {ranges.map((range) => (
          <TableRow key={range.id}>
            <RowHeader>
              <span className="flex flex-wrap items-center gap-2">
                <code className="wrap-anywhere text-sm">{range.cidr}</code>
                {holdsText(compileRanges([range.cidr]), clientIp) && <Badge>Holds you</Badge>}
              </span>
            </RowHeader>
            <TableCell label="Holds">{sizeOf(range.cidr)}</TableCell>
            <TableCell label="Description">
              <span className="wrap-anywhere">
                {range.description || <span className="text-muted">None</span>}
              </span>
            </TableCell>
            <TableCell label="Added">
              <RelativeTime value={range.created_at} />
            </TableCell>
            <ActionsCell>
              <Button
                size="sm"
                variant="ghost"
                aria-haspopup="dialog"
                aria-label={`Remove ${range.cidr}`}
                onClick={() => ask({ what: 'remove', range })}
              >
                Remove
              </Button>
            </ActionsCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}
