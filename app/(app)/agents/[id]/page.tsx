import type { Metadata } from 'next'
import { hasPermission } from '@/lib/core/principal'
import { getAgent } from '@/lib/domain/agents'
import { nodeEnv } from '@/lib/env/node'
import { orNotFound } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EnvironmentBadge } from '../../../_ui/badge'
import { Card } from '../../../_ui/card'
import { CodeBlock } from '../../../_ui/code-block'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { PageHeader } from '../../../_ui/page-header'
import { RelativeTime } from '../../../_ui/relative-time'
import { Section } from '../../../_ui/section'
import { AgentForm } from './agent-form'
import { DeleteAgent } from './delete-agent'

export const metadata: Metadata = { title: 'Agent' }

export default async function AgentPage({ params }: { params: Promise<{ id: string }> }) {
  const { principal } = await requireUser()
  const agent = await orNotFound(getAgent(principal, await params))
  const writable = hasPermission(principal, 'agents:write')
  const test = agent.environment === 'test'
  const url = `${nodeEnv().appUrl}/api/${test ? 'test/' : ''}v1/agents/${agent.id}`
  const samples = [
    { label: 'curl', code: `curl ${url} \\\n  -H "Authorization: Bearer $TWIG_API_KEY"` },
    {
      label: 'JavaScript',
      code: `const answer = await fetch('${url}', {\n  headers: { Authorization: \`Bearer \${process.env.TWIG_API_KEY}\` },\n})\nconsole.log(await answer.json())`,
    },
    {
      label: 'Python',
      code: `import os, urllib.request\n\nrequest = urllib.request.Request(\n    "${url}",\n    headers={"Authorization": f"Bearer {os.environ['TWIG_API_KEY']}"},\n)\nprint(urllib.request.urlopen(request).read().decode())`,
    },
  ]
  return (
    <>
      <PageHeader
        title={agent.name}
        badges={<EnvironmentBadge environment={agent.environment} />}
        back={{ href: test ? '/agents?environment=test' : '/agents', label: 'Agents' }}
        actions={writable && <DeleteAgent id={agent.id} name={agent.name} environment={agent.environment} />}
      />
      <Section title="Configuration">
        <AgentForm key={agent.updated_at} agent={agent} writable={writable} />
      </Section>
      <Section title="API" description={`Reached with a ${test ? 'Test' : 'Live'} key of this organization.`}>
        <div className="grid gap-4">
          <Card>
            <DescriptionList>
              <DescriptionItem term="Id" copy={<CopyButton value={agent.id} label="Copy agent id" />}>
                <code className="text-sm">{agent.id}</code>
              </DescriptionItem>
              <DescriptionItem term="Created">
                <RelativeTime value={agent.created_at} />
              </DescriptionItem>
              <DescriptionItem term="Updated">
                <RelativeTime value={agent.updated_at} />
              </DescriptionItem>
            </DescriptionList>
          </Card>
          <CodeBlock samples={samples} />
        </div>
      </Section>
    </>
  )
}
