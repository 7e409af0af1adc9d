import type { DataSource } from '@/lib/core/data-schemas'
import type { Agent } from '@/lib/core/schemas'
import type { AgentKeyHealth } from '@/lib/domain/external-key-choice'
import { Banner } from '../../../_ui/banner'
import { Card } from '../../../_ui/card'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { TextLink } from '../../../_ui/text-link'
import { SourceBadge } from '../../data/status-badges'
import { HealthBadge } from '../../settings/external-keys/health-badge'
import { SOURCE_LABELS } from '../model-words'

interface ConfigurationFactsProps {
  agent: Agent
  sources: readonly DataSource[]
  keyHealth: AgentKeyHealth | undefined
  /** The name of the model that answers. */
  model: string
}

/** How an agent is set, for those who may only look. */
export function ConfigurationFacts({ agent, sources, keyHealth, model }: ConfigurationFactsProps) {
  const chosen = sources.filter(({ id }) => agent.data_source_ids.includes(id))
  const { source } = agent.model
  return (
    <div className="grid gap-4">
      <Banner title="Your role may read agents">A member of the organization may change them.</Banner>
      <Card>
        <DescriptionList>
          <DescriptionItem term="Name">{agent.name}</DescriptionItem>
          <DescriptionItem term="Instructions">
            {agent.instructions === '' ? (
              <span className="text-muted">None</span>
            ) : (
              <span className="whitespace-pre-wrap">{agent.instructions}</span>
            )}
          </DescriptionItem>
          <DescriptionItem term="Data sources">
            {chosen.length === 0 ? (
              <span className="text-muted">None</span>
            ) : (
              <ul className="grid gap-1.5">
                {chosen.map((source) => (
                  <li key={source.id} className="flex flex-wrap items-center gap-2">
                    <TextLink href={`/data/${source.id}`}>{source.name}</TextLink>
                    <SourceBadge source={source} />
                  </li>
                ))}
              </ul>
            )}
          </DescriptionItem>
          <DescriptionItem term="Model">
            {model}, {source === 'twig' ? 'of Twig’s' : `“${SOURCE_LABELS[source]}”`}
          </DescriptionItem>
          {source !== 'twig' && (
            <DescriptionItem term="Key">
              {keyHealth && keyHealth.health !== 'deleted' ? (
                <span className="flex flex-wrap items-center gap-2">
                  {keyHealth.name} <HealthBadge health={keyHealth.health} />
                </span>
              ) : (
                'Deleted'
              )}
            </DescriptionItem>
          )}
          <DescriptionItem term="Temperature">{agent.temperature ?? 'The model’s own'}</DescriptionItem>
          <DescriptionItem term="Max tokens">{agent.max_tokens ?? 'The model’s own'}</DescriptionItem>
          {source !== 'twig' && (
            <DescriptionItem term="When the key fails">
              {agent.allow_fallback ? 'Twig’s own model answers, billed to Twig' : 'The question fails'}
            </DescriptionItem>
          )}
        </DescriptionList>
      </Card>
    </div>
  )
}
