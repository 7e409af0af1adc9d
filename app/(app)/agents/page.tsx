import { Bot } from 'lucide-react'
import type { Metadata } from 'next'
import { hasPermission } from '@/lib/core/principal'
import { listAgents } from '@/lib/domain/agents'
import { keyHealthOfAgents } from '@/lib/domain/external-key-choice'
import { lastUses } from '@/lib/domain/interaction-search'
import { plannedModel } from '@/lib/domain/model-choice'
import { nodeEnv } from '@/lib/env/node'
import { environmentOf, pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../_ui/empty-state'
import { PageHeader } from '../../_ui/page-header'
import { Pagination } from '../../_ui/pagination'
import { Segmented } from '../../_ui/segmented'
import { apiBase, curlSample } from './[id]/samples'
import { AgentTable } from './agent-table'
import { CreateAgentDialog } from './create-agent-dialog'
import { everySource } from './every-source'

export const metadata: Metadata = { title: 'Agents' }

export default async function AgentsPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  const environment = await environmentOf(searchParams)
  const query = await pageQueryOf(searchParams)
  const agents = await listAgents({ ...principal, environment }, query)
  const drawsFromSources = agents.data.some(({ data_source_ids: ids }) => ids.length > 0)
  const sources = drawsFromSources ? await everySource(principal, environment) : []
  const [health, uses] = await Promise.all([
    keyHealthOfAgents(principal, agents.data),
    lastUses(
      principal,
      agents.data.map(({ id }) => id),
    ),
  ])
  const rows = agents.data.map((agent) => ({
    agent,
    model: plannedModel(agent.model),
    sources: sources.filter(({ id }) => agent.data_source_ids.includes(id)),
    keyHealth: agent.model.source === 'twig' ? undefined : health.get(agent.id),
    lastUsedAt: uses.get(agent.id) ?? null,
  }))
  const path = environment === 'test' ? '/agents?environment=test' : '/agents'
  const name = environment === 'test' ? 'Test' : 'Live'
  const writable = hasPermission(principal, 'agents:write')
  const create = writable && <CreateAgentDialog environment={environment} />
  return (
    <>
      <PageHeader
        title="Agents"
        description="Assistants that your programs and your people put questions to."
        actions={rows.length > 0 && create}
      />
      <div className="mb-5">
        <Segmented
          label="Environment"
          items={[
            { href: '/agents', label: 'Live', current: environment === 'live' },
            { href: '/agents?environment=test', label: 'Test', current: environment === 'test' },
          ]}
        />
      </div>
      {rows.length === 0 ? (
        <EmptyState
          icon={<Bot />}
          title={`No ${name} agents yet`}
          action={create}
          samples={[
            {
              label: 'curl',
              code: curlSample(`${apiBase(nodeEnv().appUrl, environment)}/agents`, { name: 'Support' }),
            },
          ]}
        >
          {writable
            ? `Create one here, or with a ${name} key that has the scope write.`
            : 'A member of the organization can create one.'}
        </EmptyState>
      ) : (
        <AgentTable rows={rows} />
      )}
      <Pagination
        label="Agent pages"
        previousHref={query.cursor ? path : undefined}
        nextHref={
          agents.next_cursor
            ? `${path}${path.includes('?') ? '&' : '?'}cursor=${agents.next_cursor}`
            : undefined
        }
      />
    </>
  )
}
