import type { Interaction } from '@/lib/core/answer-schemas'
import { Card } from '../../../_ui/card'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { countText } from '../../../_ui/scale'
import { TextLink } from '../../../_ui/text-link'
import { utcText } from '../../../_ui/time'
import { KIND_NAMES, PAYER_NAMES, secondsText } from '../interaction-words'

/** All that is known of a turn besides its texts. */
export function Facts({ interaction, caller }: { interaction: Interaction; caller: string }) {
  const { agent_id, agent_name, model, billed_to, usage, session_id, request_id, created_at } = interaction
  return (
    <Card>
      <DescriptionList>
        <DescriptionItem term="Agent">
          <TextLink href={`/agents/${agent_id}`}>{agent_name}</TextLink>
        </DescriptionItem>
        <DescriptionItem term="Asked by">
          {caller}, by {KIND_NAMES[interaction.kind].toLowerCase()}
        </DescriptionItem>
        <DescriptionItem term="When">
          <RelativeTime value={created_at} />{' '}
          <span className="text-muted">({utcText(Date.parse(created_at))})</span>
        </DescriptionItem>
        <DescriptionItem term="Model">{model ?? 'None was asked'}</DescriptionItem>
        <DescriptionItem term="Billed to">
          <span className="inline-block first-letter:uppercase">
            {billed_to ? PAYER_NAMES[billed_to] : 'Nobody'}
            {interaction.status !== 'succeeded' &&
              billed_to === 'organization' &&
              ', as far as the provider counts it'}
          </span>
        </DescriptionItem>
        <DescriptionItem term="Tokens">
          {usage
            ? `${countText(usage.input_tokens)} in, ${countText(usage.output_tokens)} out`
            : 'Not told by the provider'}
        </DescriptionItem>
        <DescriptionItem term="Latency">{secondsText(interaction.latency_ms)}</DescriptionItem>
        <DescriptionItem term="Session" copy={<CopyButton value={session_id} label="Copy session id" />}>
          <code className="text-sm">{session_id}</code>
        </DescriptionItem>
        {request_id && (
          <DescriptionItem term="Request" copy={<CopyButton value={request_id} label="Copy request id" />}>
            <code className="text-sm">{request_id}</code>
          </DescriptionItem>
        )}
      </DescriptionList>
    </Card>
  )
}
