import type { Interaction } from '@/lib/core/answer-schemas'
import { RelativeTime } from '../../_ui/relative-time'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../_ui/table'
import { TextLink } from '../../_ui/text-link'
import { type Callers, callerText } from './callers'
import { KIND_NAMES, payerText, secondsText } from './interaction-words'
import { StatusBadge } from './status-badge'

interface InteractionTableProps {
  interactions: readonly Interaction[]
  callers: Callers
  /** On an agent's own page its name would say nothing. */
  hidesAgent?: boolean
}

/** Turns, the latest first. */
export function InteractionTable({ interactions, callers, hidesAgent = false }: InteractionTableProps) {
  return (
    <Table caption="Interactions" stack="wide">
      <TableHead>
        <HeaderCell>Question</HeaderCell>
        {!hidesAgent && <HeaderCell>Agent</HeaderCell>}
        <HeaderCell>Asked by</HeaderCell>
        <HeaderCell>Model</HeaderCell>
        <HeaderCell>Status</HeaderCell>
        <HeaderCell numeric>Latency</HeaderCell>
        <HeaderCell>When</HeaderCell>
      </TableHead>
      <TableBody>
        {interactions.map((interaction) => (
          <Row key={interaction.id} interaction={interaction} callers={callers} hidesAgent={hidesAgent} />
        ))}
      </TableBody>
    </Table>
  )
}

interface RowProps {
  interaction: Interaction
  callers: Callers
  hidesAgent: boolean
}

function Row({ interaction, callers, hidesAgent }: RowProps) {
  const { id, agent_id, agent_name, input, kind, model, billed_to, status, code } = interaction
  return (
    <TableRow>
      <RowHeader>
        <TextLink href={`/interactions/${id}`} className="wrap-anywhere line-clamp-2 min-w-36 max-w-72">
          {input.slice(0, 200)}
        </TextLink>
      </RowHeader>
      {!hidesAgent && (
        <TableCell label="Agent">
          <TextLink href={`/agents/${agent_id}`} className="wrap-break-word line-clamp-2 max-w-40">
            {agent_name}
          </TextLink>
        </TableCell>
      )}
      <TableCell label="Asked by">
        <span className="wrap-break-word line-clamp-2 max-w-40">{callerText(interaction, callers)}</span>
        <span className="text-muted text-sm">{KIND_NAMES[kind]}</span>
      </TableCell>
      <TableCell label="Model">
        {model ? (
          <span className="wrap-break-word block max-w-40">{model}</span>
        ) : (
          <span className="text-muted">None</span>
        )}
        {billed_to && status !== 'failed' && (
          <span className="block text-muted text-sm">{payerText(billed_to)}</span>
        )}
      </TableCell>
      <TableCell label="Status">
        <StatusBadge status={status} />
        {code && <code className="block text-muted text-xs">{code}</code>}
      </TableCell>
      <TableCell label="Latency" numeric>
        {secondsText(interaction.latency_ms)}
      </TableCell>
      <TableCell label="When">
        <RelativeTime value={interaction.created_at} />
      </TableCell>
    </TableRow>
  )
}
