import type { ApiRequest, UsageReport } from '@/lib/core/key-schemas'
import { Badge } from '../../../../_ui/badge'
import { CopyButton } from '../../../../_ui/copy-button'
import { RelativeTime } from '../../../../_ui/relative-time'
import { countText } from '../../../../_ui/scale'
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
import { utcSecondText, utcText } from '../../../../_ui/time'
import { latencyText } from './figures'

const none = <span className="text-muted">–</span>

/** How it was answered: the status and, for an error, its code with what that means and how to mend it. */
function Answer({ status, code }: { status: number; code: string | null }) {
  const variant = status < 400 ? 'outline' : status < 500 ? 'warning' : 'danger'
  return (
    <span className="inline-flex flex-wrap items-center gap-x-2 gap-y-1">
      <Badge variant={variant}>{status}</Badge>
      {code && (
        <TextLink href={`/docs/errors#${code}`} prefetch={false} className="text-sm">
          {code}
        </TextLink>
      )}
    </span>
  )
}

function Call({ method, path }: { method: string; path: string }) {
  return (
    <code className="font-normal text-sm wrap-anywhere">
      <span className="text-muted">{method}</span> {path}
    </code>
  )
}

/** Requests by endpoint and by how they were answered. */
export function EndpointTable({ endpoints }: Pick<UsageReport, 'endpoints'>) {
  return (
    <Table caption="Requests by endpoint and status">
      <TableHead>
        <HeaderCell>Endpoint</HeaderCell>
        <HeaderCell>Status and code</HeaderCell>
        <HeaderCell numeric>Requests</HeaderCell>
        <HeaderCell numeric>p50</HeaderCell>
        <HeaderCell numeric>p95</HeaderCell>
        <HeaderCell numeric>p99</HeaderCell>
      </TableHead>
      <TableBody>
        {endpoints.map(({ method, endpoint, status, code, requests, latency_ms: latency }) => (
          <TableRow key={`${method} ${endpoint} ${status} ${code}`}>
            <RowHeader>
              <Call method={method} path={endpoint} />
            </RowHeader>
            <TableCell label="Status">
              <Answer status={status} code={code} />
            </TableCell>
            <TableCell label="Requests" numeric>
              {countText(requests)}
            </TableCell>
            {(['p50', 'p95', 'p99'] as const).map((share) => (
              <TableCell key={share} label={share} numeric className="whitespace-nowrap">
                {latency ? latencyText(latency[share]) : none}
              </TableCell>
            ))}
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

/** Where requests came from. */
export function CallerTable({ callers }: Pick<UsageReport, 'callers'>) {
  return (
    <Table caption="Callers">
      <TableHead>
        <HeaderCell>IP address</HeaderCell>
        <HeaderCell>User agent</HeaderCell>
        <HeaderCell numeric>Requests</HeaderCell>
        <HeaderCell>Last seen</HeaderCell>
      </TableHead>
      <TableBody>
        {callers.map(({ client_ip: clientIp, user_agent: userAgent, requests, last_seen_at: lastSeen }) => (
          <TableRow key={`${clientIp} ${userAgent}`}>
            <RowHeader className="tabular-nums">
              {clientIp === 'other' ? 'All others' : clientIp || 'Unknown'}
            </RowHeader>
            <TableCell label="User agent">
              <span className="wrap-anywhere">{userAgent || none}</span>
            </TableCell>
            <TableCell label="Requests" numeric>
              {countText(requests)}
            </TableCell>
            <TableCell label="Last seen">
              <RelativeTime value={lastSeen} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

/** Single requests, newest first. */
export function RequestTable({ requests }: { requests: ApiRequest[] }) {
  return (
    <Table caption="Recent requests" stack="wide">
      <TableHead>
        <HeaderCell>Request</HeaderCell>
        <HeaderCell>Time (UTC)</HeaderCell>
        <HeaderCell>Status and code</HeaderCell>
        <HeaderCell numeric>Latency</HeaderCell>
        <HeaderCell>IP address</HeaderCell>
        <HeaderCell>Request id</HeaderCell>
      </TableHead>
      <TableBody>
        {requests.map((request) => (
          <TableRow key={request.id}>
            <RowHeader className="sm:min-w-84">
              <Call method={request.method} path={request.path} />
            </RowHeader>
            <TableCell label="Time (UTC)" className="whitespace-nowrap tabular-nums">
              <time dateTime={request.time} title={utcText(Date.parse(request.time))}>
                {utcSecondText(Date.parse(request.time))}
              </time>
            </TableCell>
            <TableCell label="Status">
              <Answer status={request.status} code={request.code} />
            </TableCell>
            <TableCell label="Latency" numeric className="whitespace-nowrap">
              {latencyText(request.latency_ms)}
            </TableCell>
            <TableCell label="IP address">
              <span className="tabular-nums wrap-anywhere">{request.client_ip ?? 'Unknown'}</span>
            </TableCell>
            <TableCell label="Request id">
              <span className="-my-1.5 inline-flex items-center gap-1">
                <TextLink
                  href={`/settings/requests?id=${request.id}`}
                  prefetch={false}
                  title={request.id}
                  className="max-w-24 truncate font-mono text-muted text-sm"
                >
                  {request.id}
                </TextLink>
                <CopyButton value={request.id} label={`Copy ${request.id}`} />
              </span>
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}
