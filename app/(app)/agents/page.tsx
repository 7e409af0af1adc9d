import { Bot } from 'lucide-react'
import type { Metadata } from 'next'
import { hasPermission } from '@/lib/core/principal'
import { listAgents } from '@/lib/domain/agents'
import { nodeEnv } from '@/lib/env/node'
import { environmentOf, pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../_ui/empty-state'
import { PageHeader } from '../../_ui/page-header'
import { Pagination } from '../../_ui/pagination'
import { Segmented } from '../../_ui/segmented'
import { AgentTable } from './agent-table'
import { CreateAgentDialog } from './create-agent-dialog'

export const metadata: Metadata = { title: 'Agents' }

export default async function AgentsPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  const environment = await environmentOf(searchParams)
  const query = await pageQueryOf(searchParams)
  const agents = await listAgents({ ...principal, environment }, query)
  const path = environment === 'test' ? '/agents?environment=test' : '/agents'
  const base = `${nodeEnv().appUrl}/api/${environment === 'test' ? 'test/' : ''}v1`
  const name = environment === 'test' ? 'Test' : 'Live'
  const create = hasPermission(principal, 'agents:write') && <CreateAgentDialog environment={environment} />
  return (
    <>
      <PageHeader
        title="Agents"
        description="Assistants that your programs and your people put questions to."
        actions={agents.data.length > 0 && create}
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
      {agents.data.length === 0 ? (
        <EmptyState
          icon={<Bot />}
          title={`No ${name} agents yet`}
          action={create}
          samples={[
            {
              label: 'curl',
              code: `curl ${base}/agents \\\n  -H "Authorization: Bearer $TWIG_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '{"name": "Support"}'`,
            },
          ]}
        >
          Create one here, or with a {name} key that has the scope write.
        </EmptyState>
      ) : (
        <AgentTable agents={agents.data} />
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
