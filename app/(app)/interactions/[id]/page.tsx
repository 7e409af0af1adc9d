import type { Metadata } from 'next'
import { getInteraction, listInteractions } from '@/lib/domain/interactions'
import { orNotFound } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EnvironmentBadge } from '../../../_ui/badge'
import { Banner } from '../../../_ui/banner'
import { Card, CardBody } from '../../../_ui/card'
import { CodeText } from '../../../_ui/code-text'
import { CopyButton } from '../../../_ui/copy-button'
import { PageHeader } from '../../../_ui/page-header'
import { Section } from '../../../_ui/section'
import { TextLink } from '../../../_ui/text-link'
import { callersOf, callerText } from '../callers'
import { InteractionTable } from '../interaction-table'
import { fixText } from '../interaction-words'
import { SourceList } from '../source-list'
import { StatusBadge } from '../status-badge'
import { Facts } from './facts'

export const metadata: Metadata = { title: 'Interaction' }

/** Turns of a session that are shown beside this one. */
const OTHERS_MAX = 50

export default async function InteractionPage({ params }: { params: Promise<{ id: string }> }) {
  const { principal } = await requireUser()
  const interaction = await orNotFound(getInteraction(principal, await params))
  const { id, environment, session_id, input, response, sources, status, code } = interaction
  const [session, callers] = await Promise.all([
    listInteractions({ ...principal, environment }, { session_id, limit: OTHERS_MAX, format: 'json' }),
    callersOf(principal),
  ])
  const others = session.data.filter((turn) => turn.id !== id)
  return (
    <>
      <PageHeader
        title="Interaction"
        badges={
          <>
            <EnvironmentBadge environment={environment} />
            <StatusBadge status={status} />
          </>
        }
        description={
          <span className="inline-flex items-center gap-1">
            <code className="text-sm">{id}</code>
            <CopyButton value={id} label="Copy interaction id" />
          </span>
        }
        back={{
          href: environment === 'test' ? '/interactions?environment=test' : '/interactions',
          label: 'Interactions',
        }}
      />
      {code && (
        <Banner tone="danger" title="This question was not answered" className="mb-8">
          <p>
            <CodeText text={fixText(code) ?? ''} />
          </p>
          <TextLink href={`/docs/errors#${code}`} className="font-mono text-sm">
            {code}
          </TextLink>
        </Banner>
      )}
      <Section title="Question">
        <Text text={input} />
      </Section>
      <Section title="Answer">
        {response === null ? (
          <p className="text-muted">
            {status === 'cancelled' ? 'Whoever asked left before an answer came.' : 'There is none.'}
          </p>
        ) : (
          <Text text={response} />
        )}
        {response !== null && status !== 'succeeded' && (
          <p className="mt-2 text-muted text-sm">As far as it came.</p>
        )}
      </Section>
      {sources.length > 0 && (
        <Section title="Sources" description="Passages that the answer was drawn from, best first.">
          <SourceList sources={sources} />
        </Section>
      )}
      <Section title="Facts">
        <Facts interaction={interaction} caller={callerText(interaction, callers)} />
      </Section>
      {others.length > 0 && (
        <Section title="Other turns of this session" description="The latest first.">
          <InteractionTable interactions={others} callers={callers} hidesAgent />
        </Section>
      )}
    </>
  )
}

function Text({ text }: { text: string }) {
  return (
    <Card>
      <CardBody className="wrap-anywhere whitespace-pre-wrap">{text}</CardBody>
    </Card>
  )
}
