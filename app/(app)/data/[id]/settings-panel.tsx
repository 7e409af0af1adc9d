import type { DataSource } from '@/lib/core/data-schemas'
import { Banner } from '../../../_ui/banner'
import { Card, CardHeader } from '../../../_ui/card'
import { Section } from '../../../_ui/section'
import { DeleteSource } from './delete-source'
import { ReadAgainButton } from './read-again-button'
import { RenameSource } from './rename-source'

interface SettingsPanelProps {
  source: DataSource
  agents: ReadonlyArray<{ id: string; name: string }>
  writable: boolean
}

/** What can be changed about a source. */
export function SettingsPanel({ source, agents, writable }: SettingsPanelProps) {
  if (!writable) {
    return (
      <Banner title="Your role may read data sources">
        A member of the organization may rename, index again and delete them.
      </Banner>
    )
  }
  return (
    <>
      <Section title="General">
        <RenameSource key={source.name} source={source} />
      </Section>
      <Section title="Index">
        <Card>
          <CardHeader
            title="Index again"
            description="Reads every document anew. Until that is done, answers draw from what was read before."
            actions={<ReadAgainButton source={source} />}
          />
        </Card>
      </Section>
      <Section title="Danger zone">
        <Card className="border-danger-line">
          <CardHeader
            title="Delete"
            description={
              agents.length === 0
                ? 'Its documents go with it. No agent draws from it.'
                : `Its documents go with it. ${namesOf(agents)} no longer draw from it.`
            }
            actions={<DeleteSource source={source} />}
          />
        </Card>
      </Section>
    </>
  )
}

/** "Support, Sales and 3 more agents". */
function namesOf(agents: SettingsPanelProps['agents']): string {
  const named = agents.slice(0, 3).map(({ name }) => name)
  const more = agents.length - named.length
  return more > 0 ? `${named.join(', ')} and ${more} more agents` : `The agents ${named.join(', ')}`
}
