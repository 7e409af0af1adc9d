import { MessagesSquare } from 'lucide-react'
import { searchQuery } from '@/lib/core/interaction-search'
import type { Principal } from '@/lib/core/principal'
import type { Agent } from '@/lib/core/schemas'
import { findInteractions } from '@/lib/domain/interaction-search'
import { ButtonLink } from '../../../_ui/button-link'
import { EmptyState } from '../../../_ui/empty-state'
import { Pagination } from '../../../_ui/pagination'
import { callersOf } from '../../interactions/callers'
import { InteractionTable } from '../../interactions/interaction-table'
import { curlSample } from './samples'

const ROWS = 20

interface InteractionsPanelProps {
  principal: Principal
  agent: Agent
  base: string
  cursor: string | undefined
}

/** What was asked of this agent. */
export async function InteractionsPanel({ principal, agent, base, cursor }: InteractionsPanelProps) {
  const search = { environment: agent.environment, agent: agent.id }
  const [interactions, callers] = await Promise.all([
    findInteractions(principal, { ...search, limit: ROWS, cursor }),
    callersOf(principal),
  ])
  const address = `/agents/${agent.id}?tab=interactions`
  if (interactions.data.length === 0) {
    return (
      <EmptyState
        icon={<MessagesSquare />}
        title="Nothing was asked yet"
        samples={[
          {
            label: 'curl',
            code: curlSample(`${base}/query`, { agent_id: agent.id, query: 'How do I reset my password?' }),
          },
        ]}
      >
        Ask in the playground, or with this; it shows here at once.
      </EmptyState>
    )
  }
  return (
    <>
      <div className="mb-4 flex justify-end">
        <ButtonLink size="sm" href={`/interactions${searchQuery(search)}`}>
          Filter and download
        </ButtonLink>
      </div>
      <InteractionTable interactions={interactions.data} callers={callers} hidesAgent />
      <Pagination
        label="Interaction pages"
        previousHref={cursor ? address : undefined}
        nextHref={interactions.next_cursor ? `${address}&cursor=${interactions.next_cursor}` : undefined}
      />
    </>
  )
}
