'use client'

import type { ExternalKey } from '@/lib/core/external-key-schemas'
import { PROVIDER_NAMES } from '@/lib/core/model-providers'
import { RelativeTime } from '../../../_ui/relative-time'
import { Spinner } from '../../../_ui/spinner'
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
import { TextLink } from '../../../_ui/text-link'
import { ExternalKeyMenu } from './external-key-menu'
import { HealthBadge } from './health-badge'
import { useCheck } from './use-check'

/** How many agents a row names before it counts the rest. */
const NAMED = 3

/** The organization's keys of model providers, with their health and who uses them. */
export function ExternalKeyTable({ keys, canChange }: { keys: ExternalKey[]; canChange: boolean }) {
  return (
    <Table caption="External API keys" stack="wide">
      <TableHead>
        <HeaderCell>Name</HeaderCell>
        <HeaderCell>Provider</HeaderCell>
        <HeaderCell>Key</HeaderCell>
        <HeaderCell>Health</HeaderCell>
        <HeaderCell>Used by</HeaderCell>
        <HeaderCell>Added</HeaderCell>
        {canChange && <HeaderCell unseen>Actions</HeaderCell>}
      </TableHead>
      <TableBody>
        {keys.map((key) => (
          <Row key={key.id} externalKey={key} canChange={canChange} />
        ))}
      </TableBody>
    </Table>
  )
}

function Row({ externalKey, canChange }: { externalKey: ExternalKey; canChange: boolean }) {
  const { name, provider, endpoint, last4, created_at } = externalKey
  const { pending, check } = useCheck(externalKey)
  return (
    <TableRow>
      <RowHeader>
        <span className="wrap-anywhere">{name}</span>
      </RowHeader>
      <TableCell label="Provider">
        {PROVIDER_NAMES[provider]}
        {endpoint && <span className="wrap-anywhere block min-w-44 text-muted text-sm">{endpoint}</span>}
      </TableCell>
      <TableCell label="Key">
        <code className="whitespace-nowrap text-muted text-sm">…{last4}</code>
      </TableCell>
      <TableCell label="Health">
        <Health externalKey={externalKey} pending={pending} />
      </TableCell>
      <TableCell label="Used by">
        <UsedBy agents={externalKey.used_by} />
      </TableCell>
      <TableCell label="Added">
        <RelativeTime value={created_at} />
      </TableCell>
      {canChange && (
        <ActionsCell>
          <ExternalKeyMenu externalKey={externalKey} onCheck={check} />
        </ActionsCell>
      )}
    </TableRow>
  )
}

function Health({ externalKey, pending }: { externalKey: ExternalKey; pending: boolean }) {
  const { health, health_detail, checked_at } = externalKey
  if (pending) return <Spinner label="Checking" />
  return (
    <span className="grid justify-items-start gap-1">
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <HealthBadge health={health} />
        <RelativeTime value={checked_at} empty="Not checked yet" className="text-muted text-sm" />
      </span>
      {health_detail && <span className="max-w-xs text-muted text-sm">{health_detail}</span>}
    </span>
  )
}

function UsedBy({ agents }: { agents: ExternalKey['used_by'] }) {
  if (agents.length === 0) return <span className="text-muted">No agent</span>
  const more = agents.length - NAMED
  return (
    <span className="grid min-w-24 justify-items-start gap-0.5">
      {agents.slice(0, NAMED).map(({ id, name, environment }) => (
        <span key={id}>
          <TextLink href={`/agents/${id}`} className="wrap-break-word">
            {name}
          </TextLink>
          {environment === 'test' && <span className="text-muted"> (Test)</span>}
        </span>
      ))}
      {more > 0 && <span className="text-muted text-sm">and {more} more</span>}
    </span>
  )
}
