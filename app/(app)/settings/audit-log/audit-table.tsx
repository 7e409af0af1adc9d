import { type AuditLog, auditQuery } from '@/lib/core/audit-schemas'
import { RelativeTime } from '../../../_ui/relative-time'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../../_ui/table'
import { TextLink } from '../../../_ui/text-link'
import type { Callers } from '../../interactions/callers'
import { RequestLink } from '../requests/request-link'
import { actionText, actorText } from './audit-words'
import { ChangeList } from './change-list'
import { factChanges } from './fact-changes'
import { PATH } from './path'

interface AuditTableProps {
  logs: readonly AuditLog[]
  callers: Callers
  /** Ids of requests that can be looked up. */
  requests: ReadonlySet<string>
}

/** Rows of the log, the latest first, each with what it changed. */
export function AuditTable({ logs, callers, requests }: AuditTableProps) {
  return (
    <Table caption="Audit log" stack="wide">
      <TableHead>
        <HeaderCell>What</HeaderCell>
        <HeaderCell>By</HeaderCell>
        <HeaderCell>When</HeaderCell>
        <HeaderCell>From</HeaderCell>
        <HeaderCell>Request</HeaderCell>
      </TableHead>
      <TableBody>
        {logs.map((log) => (
          <AuditRow
            key={log.id}
            log={log}
            callers={callers}
            isFindable={log.request_id !== null && requests.has(log.request_id)}
          />
        ))}
      </TableBody>
    </Table>
  )
}

interface AuditRowProps {
  log: AuditLog
  callers: Callers
  isFindable: boolean
}

function AuditRow({ log, callers, isFindable }: AuditRowProps) {
  const changes = factChanges(log.before, log.after)
  return (
    <TableRow className="align-top">
      <RowHeader className="lg:w-[28rem]">
        <div className="grid gap-1">
          <span>{actionText(log.action)}</span>
          {log.target_id && (
            <TextLink
              href={PATH + auditQuery({ target: log.target_id })}
              className="wrap-anywhere w-fit font-mono font-normal text-muted text-sm"
            >
              {log.target_id}
            </TextLink>
          )}
          {changes.length > 0 && (
            <details className="font-normal">
              <summary className="w-fit cursor-pointer rounded-sm text-accent text-sm underline decoration-accent-line underline-offset-4">
                {changes.length === 1 ? 'One fact' : `${changes.length} facts`}
              </summary>
              <ChangeList changes={changes} />
            </details>
          )}
        </div>
      </RowHeader>
      <TableCell label="By">
        <span className="wrap-anywhere line-clamp-2 max-w-48">{actorText(log, callers)}</span>
        {log.actor_kind === 'key' && <span className="text-muted text-sm">API key</span>}
      </TableCell>
      <TableCell label="When">
        <RelativeTime value={log.time} />
      </TableCell>
      <TableCell label="From">
        {log.client_ip ? (
          <code className="wrap-anywhere text-sm">{log.client_ip}</code>
        ) : (
          <span className="text-muted">–</span>
        )}
      </TableCell>
      <TableCell label="Request">
        {log.request_id ? (
          <div className="grid justify-items-start gap-1">
            <TextLink
              href={PATH + auditQuery({ request: log.request_id })}
              className="wrap-anywhere font-mono text-sm"
            >
              {log.request_id}
            </TextLink>
            {isFindable && <RequestLink id={log.request_id} />}
          </div>
        ) : (
          <span className="text-muted">–</span>
        )}
      </TableCell>
    </TableRow>
  )
}
