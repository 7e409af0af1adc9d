import type { DataSource } from '@/lib/core/data-schemas'
import type { Agent } from '@/lib/core/schemas'
import type { AgentKeyHealth } from '@/lib/domain/external-key-choice'
import { Badge } from '../../_ui/badge'
import { CopyButton } from '../../_ui/copy-button'
import { RelativeTime } from '../../_ui/relative-time'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../_ui/table'
import { TextLink } from '../../_ui/text-link'
import { HealthBadge } from '../settings/external-keys/health-badge'

/** How many data sources a row names before it counts the rest. */
const NAMED = 2

export interface AgentRow {
  agent: Agent
  /** The name of the model that answers. */
  model: string
  sources: readonly DataSource[]
  /** Of its own key; absent with Twig's models. */
  keyHealth: AgentKeyHealth | undefined
  lastUsedAt: string | null
}

/** Agents of one environment. */
export function AgentTable({ rows }: { rows: readonly AgentRow[] }) {
  return (
    <Table caption="Agents" stack="wide">
      <TableHead>
        <HeaderCell>Name</HeaderCell>
        <HeaderCell>Model</HeaderCell>
        <HeaderCell>Data sources</HeaderCell>
        <HeaderCell>Key</HeaderCell>
        <HeaderCell>Last used</HeaderCell>
      </TableHead>
      <TableBody>
        {rows.map(({ agent, model, sources, keyHealth, lastUsedAt }) => (
          <TableRow key={agent.id}>
            <RowHeader>
              <div className="min-w-0">
                <TextLink href={`/agents/${agent.id}`} className="wrap-anywhere">
                  {agent.name}
                </TextLink>
                <span className="-my-1 flex items-center gap-1 font-normal">
                  <code className="wrap-anywhere text-muted text-sm">{agent.id}</code>
                  <CopyButton value={agent.id} label={`Copy id of ${agent.name}`} />
                </span>
              </div>
            </RowHeader>
            <TableCell label="Model">
              <span className="wrap-break-word block min-w-28 max-w-44">{model}</span>
            </TableCell>
            <TableCell label="Data sources">
              <SourceNames sources={sources} />
            </TableCell>
            <TableCell label="Key">
              <KeyCell keyHealth={keyHealth} />
            </TableCell>
            <TableCell label="Last used">
              <RelativeTime value={lastUsedAt} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

function SourceNames({ sources }: { sources: readonly DataSource[] }) {
  if (sources.length === 0) return <span className="text-muted">None</span>
  const more = sources.length - NAMED
  return (
    <span className="grid min-w-28 justify-items-start gap-0.5">
      {sources.slice(0, NAMED).map(({ id, name }) => (
        <TextLink key={id} href={`/data/${id}`} className="wrap-break-word line-clamp-1 max-w-44">
          {name}
        </TextLink>
      ))}
      {more > 0 && <span className="text-muted text-sm">and {more} more</span>}
    </span>
  )
}

function KeyCell({ keyHealth }: { keyHealth: AgentKeyHealth | undefined }) {
  if (!keyHealth) return <span className="text-muted">Twig’s</span>
  if (keyHealth.health === 'deleted') return <Badge variant="danger">Deleted</Badge>
  return (
    <span className="grid justify-items-start gap-1">
      <span className="wrap-break-word max-w-40">{keyHealth.name}</span>
      <HealthBadge health={keyHealth.health} />
    </span>
  )
}
