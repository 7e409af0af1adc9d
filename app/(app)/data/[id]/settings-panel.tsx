import type { Connection } from '@/lib/core/connectors'
import type { DataSource } from '@/lib/core/data-schemas'
import type { SourceSync } from '@/lib/core/sync-schemas'
import { Banner } from '../../../_ui/banner'
import { Card, CardHeader } from '../../../_ui/card'
import { Section } from '../../../_ui/section'
import { ConnectionSettings } from './connection-settings'
import { namesText } from './connection-words'
import { DeleteSource } from './delete-source'
import { ReadAgainButton } from './read-again-button'
import { RenameSource } from './rename-source'

interface SettingsPanelProps {
  source: DataSource
  connected: { connection: Connection; sync: SourceSync } | null
  agents: ReadonlyArray<{ id: string; name: string }>
  writable: boolean
}

/** What can be changed about a source. */
export function SettingsPanel({ source, connected, agents, writable }: SettingsPanelProps) {
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
      {connected && <ConnectionSettings sourceId={source.id} {...connected} />}
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
              <>
                Its documents go with it{connected && ', and so do the tokens, here and there'}.{' '}
                {agents.length === 0
                  ? 'No agent draws from it.'
                  : `${agents.length === 1 ? 'This agent' : 'These agents'} no longer draw from it: ${namesText(agents.map(({ name }) => name))}.`}
              </>
            }
            actions={<DeleteSource source={source} />}
          />
        </Card>
      </Section>
    </>
  )
}
