import { BLOCK_WORDS } from '@/lib/core/access-log'
import { SEVERAL } from '@/lib/core/block-fold'
import type { AccessLogEntry } from '@/lib/core/protection-schemas'
import { cn } from '../../../../_ui/cn'
import { CopyButton } from '../../../../_ui/copy-button'
import { RelativeTime } from '../../../../_ui/relative-time'
import {
  HeaderCell,
  RowHeader,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableRow,
} from '../../../../_ui/table'
import { TextLink } from '../../../../_ui/text-link'
import type { Callers } from '../../../interactions/callers'
import { RequestLink } from '../../requests/request-link'

interface LogTableProps {
  entries: readonly AccessLogEntry[]
  callers: Callers
  /** Ids of requests that can be looked up. */
  requests: ReadonlySet<string>
}

/** Blocked attempts, the latest first. */
export function LogTable({ entries, callers, requests }: LogTableProps) {
  return (
    <Table caption="Blocked attempts" stack="wide">
      <TableHead>
        <HeaderCell>Reason</HeaderCell>
        <HeaderCell>Address</HeaderCell>
        <HeaderCell>Key or person</HeaderCell>
        <HeaderCell>Request</HeaderCell>
        <HeaderCell>Request id</HeaderCell>
        <HeaderCell numeric>Attempts</HeaderCell>
        <HeaderCell>Time</HeaderCell>
      </TableHead>
      <TableBody>
        {entries.map((entry) => (
          <TableRow key={entry.id}>
            <RowHeader>
              {BLOCK_WORDS[entry.reason]}
              <code className="block font-normal text-muted text-xs">{entry.code}</code>
            </RowHeader>
            <TableCell label="Address">
              <code
                className={cn(
                  'text-sm',
                  entry.client_ip?.includes(':') ? 'wrap-anywhere' : 'whitespace-nowrap',
                )}
              >
                {entry.client_ip ?? 'unknown'}
              </code>
            </TableCell>
            <TableCell label="Key or person">
              <Who entry={entry} callers={callers} />
            </TableCell>
            <TableCell label="Request">
              <code className="wrap-anywhere line-clamp-2 max-w-64 text-sm">
                {entry.path === SEVERAL ? SEVERAL : `${entry.method} ${entry.path}`}
              </code>
              <span
                className="wrap-anywhere line-clamp-1 max-w-64 text-muted text-sm"
                title={entry.user_agent}
              >
                {entry.user_agent || 'No user agent'}
              </span>
            </TableCell>
            <TableCell label="Request id">
              <span className="inline-flex items-center gap-1">
                <CopyButton value={entry.request_id} label="Copy request id" />
                {requests.has(entry.request_id) && <RequestLink id={entry.request_id} />}
              </span>
            </TableCell>
            <TableCell label="Attempts" numeric>
              {entry.count.toLocaleString('en')}
            </TableCell>
            <TableCell label="Time">
              <RelativeTime value={entry.time} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

function Who({ entry, callers }: { entry: AccessLogEntry; callers: Callers }) {
  const { key_id: keyId, user_id: userId } = entry
  if (keyId) {
    const known = callers.keys.find(({ id }) => id === keyId)
    if (!known) return <code className="wrap-anywhere text-sm">{keyId}</code>
    return <TextLink href={`/settings/api-keys/${keyId}`}>{known.name}</TextLink>
  }
  return callers.people.find(({ id }) => id === userId)?.name ?? userId ?? 'Nobody known'
}
