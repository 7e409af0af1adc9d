import type { Agent } from '@/lib/core/schemas'
import { EnvironmentBadge } from '../../_ui/badge'
import { CopyButton } from '../../_ui/copy-button'
import { RelativeTime } from '../../_ui/relative-time'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../_ui/table'
import { TextLink } from '../../_ui/text-link'

/** Agents of one environment. */
export function AgentTable({ agents }: { agents: Agent[] }) {
  return (
    <Table caption="Agents">
      <TableHead>
        <HeaderCell>Name</HeaderCell>
        <HeaderCell>Id</HeaderCell>
        <HeaderCell>Environment</HeaderCell>
        <HeaderCell>Updated</HeaderCell>
      </TableHead>
      <TableBody>
        {agents.map((agent) => (
          <TableRow key={agent.id}>
            <RowHeader>
              <TextLink href={`/agents/${agent.id}`} className="wrap-anywhere">
                {agent.name}
              </TextLink>
            </RowHeader>
            <TableCell label="Id">
              <span className="-my-1 inline-flex items-center gap-1">
                <code className="text-muted text-sm">{agent.id}</code>
                <CopyButton value={agent.id} label={`Copy id of ${agent.name}`} />
              </span>
            </TableCell>
            <TableCell label="Environment">
              <EnvironmentBadge environment={agent.environment} />
            </TableCell>
            <TableCell label="Updated">
              <RelativeTime value={agent.updated_at} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}
