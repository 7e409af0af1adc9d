import type { Metadata } from 'next'
import { EXTRACTIVE_MODEL } from '@/lib/core/extractive'
import { hasPermission } from '@/lib/core/principal'
import { getAgent } from '@/lib/domain/agents'
import { keyHealthOfAgents } from '@/lib/domain/external-key-choice'
import { listExternalKeys } from '@/lib/domain/external-keys'
import { plannedModel, poolModels } from '@/lib/domain/model-choice'
import { nodeEnv } from '@/lib/env/node'
import { orNotFound, pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EnvironmentBadge } from '../../../_ui/badge'
import { Banner } from '../../../_ui/banner'
import { CopyButton } from '../../../_ui/copy-button'
import { PageHeader } from '../../../_ui/page-header'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../../../_ui/tabs'
import { everySource } from '../every-source'
import { SOURCE_OWNERS } from '../model-words'
import { ApiPanel } from './api-panel'
import { ConfigurationFacts } from './configuration-facts'
import { ConfigurationForm } from './configuration-form'
import { DeleteAgent } from './delete-agent'
import { InteractionsPanel } from './interactions-panel'
import { KeyWarning } from './key-warning'
import { modelChoices } from './model-choices'
import { Playground } from './playground'
import { apiBase } from './samples'

export const metadata: Metadata = { title: 'Agent' }

interface AgentPageProps {
  params: Promise<{ id: string }>
  searchParams: SearchParams
}

/** Kept while another tab is open: what was typed, and a conversation that goes on. */
const KEPT = 'data-[state=inactive]:hidden'

export default async function AgentPage({ params, searchParams }: AgentPageProps) {
  const { principal } = await requireUser()
  const agent = await orNotFound(getAgent(principal, await params))
  const { cursor } = await pageQueryOf(searchParams)
  const writable = hasPermission(principal, 'agents:write')
  const sources = await everySource(principal, agent.environment)
  const [health, keys] = await Promise.all([
    keyHealthOfAgents(principal, [agent]),
    writable ? listExternalKeys(principal, { limit: 200 }) : null,
  ])
  const keyHealth = health.get(agent.id)
  const model = plannedModel(agent.model)
  const base = apiBase(nodeEnv().appUrl, agent.environment)
  const { source } = agent.model
  const billedTo =
    source === 'twig' ? `${model}, billed to Twig` : `${model} with ${SOURCE_OWNERS[source]}, billed to you`
  return (
    <>
      <PageHeader
        title={agent.name}
        badges={<EnvironmentBadge environment={agent.environment} />}
        description={
          <span className="inline-flex items-center gap-1">
            <code className="text-sm">{agent.id}</code>
            <CopyButton value={agent.id} label="Copy agent id" />
          </span>
        }
        back={{
          href: agent.environment === 'test' ? '/agents?environment=test' : '/agents',
          label: 'Agents',
        }}
        actions={writable && <DeleteAgent id={agent.id} name={agent.name} environment={agent.environment} />}
      />
      <KeyWarning
        agent={agent}
        keyHealth={keyHealth}
        mayChangeKeys={hasPermission(principal, 'external-keys:write')}
      />
      <Tabs param="tab" values={['configuration', 'playground', 'api', 'interactions']}>
        <TabsList label="About this agent">
          <TabsTrigger value="configuration">Configuration</TabsTrigger>
          <TabsTrigger value="playground">Playground</TabsTrigger>
          <TabsTrigger value="api">API</TabsTrigger>
          <TabsTrigger value="interactions">Interactions</TabsTrigger>
        </TabsList>
        <TabsContent value="configuration" forceMount className={KEPT}>
          {keys ? (
            <ConfigurationForm
              agent={agent}
              choices={modelChoices(poolModels(), keys.data, agent.model)}
              sources={sources}
            />
          ) : (
            <ConfigurationFacts agent={agent} sources={sources} keyHealth={keyHealth} model={model} />
          )}
        </TabsContent>
        <TabsContent value="playground" forceMount className={KEPT}>
          {hasPermission(principal, 'answers:run') ? (
            <Playground
              agent={agent}
              base={base}
              isExtractive={model === EXTRACTIVE_MODEL}
              isKeyWell={source === 'twig' || keyHealth?.health === 'ok'}
              billedTo={`Answered by ${billedTo}.`}
            />
          ) : (
            <Banner title="The playground needs the role member">
              Your role here is viewer. Ask an admin of the organization to change it.
            </Banner>
          )}
        </TabsContent>
        <TabsContent value="api">
          <ApiPanel agent={agent} base={base} />
        </TabsContent>
        <TabsContent value="interactions">
          <InteractionsPanel principal={principal} agent={agent} base={base} cursor={cursor} />
        </TabsContent>
      </Tabs>
    </>
  )
}
