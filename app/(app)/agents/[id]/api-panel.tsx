import type { Agent } from '@/lib/core/schemas'
import { Banner } from '../../../_ui/banner'
import { Card } from '../../../_ui/card'
import { CodeBlock } from '../../../_ui/code-block'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { Section } from '../../../_ui/section'
import { TextLink } from '../../../_ui/text-link'
import { requestSamples } from './samples'

const QUESTION = 'How do I reset my password?'

/** How a program asks this agent. */
export function ApiPanel({ agent, base }: { agent: Agent; base: string }) {
  const name = agent.environment === 'test' ? 'Test' : 'Live'
  const other = agent.environment === 'test' ? 'Live' : 'Test'
  return (
    <>
      <Section title="Address and ids">
        <div className="grid gap-4">
          <Card>
            <DescriptionList>
              <DescriptionItem term="Agent id" copy={<CopyButton value={agent.id} label="Copy agent id" />}>
                <code className="text-sm">{agent.id}</code>
              </DescriptionItem>
              <DescriptionItem term="Base URL" copy={<CopyButton value={base} label="Copy base URL" />}>
                <code className="text-sm">{base}</code>
              </DescriptionItem>
              <DescriptionItem term="Created">
                <RelativeTime value={agent.created_at} />
              </DescriptionItem>
              <DescriptionItem term="Updated">
                <RelativeTime value={agent.updated_at} />
              </DescriptionItem>
            </DescriptionList>
          </Card>
          <Banner>
            This is a {name} agent: a {name} key reaches it at this address, a {other} key does not. It needs
            the scope execute; generate one in{' '}
            <TextLink href="/settings/api-keys">Settings → API Keys</TextLink>. All fields stand in the{' '}
            <TextLink href="/docs/api">API reference</TextLink>.
          </Banner>
        </div>
      </Section>
      <Section title="Query" description="One question, one answer with its sources.">
        <CodeBlock
          subject="Query"
          samples={requestSamples(`${base}/query`, { agent_id: agent.id, query: QUESTION })}
        />
      </Section>
      <Section
        title="Chat"
        description="Remembers: send the session_id of the answer along with the next message."
      >
        <CodeBlock
          subject="Chat"
          samples={requestSamples(`${base}/chat`, {
            agent_id: agent.id,
            message: 'And on my phone?',
            session_id: 'sess_…',
          })}
        />
      </Section>
      <Section
        title="Stream"
        description="Either one as server-sent events: delta with a text, then done with the whole answer, or error."
      >
        <CodeBlock
          subject="Stream"
          samples={requestSamples(`${base}/chat`, { agent_id: agent.id, message: QUESTION, stream: true })}
        />
      </Section>
    </>
  )
}
