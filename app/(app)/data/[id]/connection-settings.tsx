import { CONNECTORS, type Connection } from '@/lib/core/connectors'
import type { SourceSync } from '@/lib/core/sync-schemas'
import { Card, CardHeader } from '../../../_ui/card'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { Section } from '../../../_ui/section'
import { PICKED_NAMES } from '../connector-words'
import { namesText } from './connection-words'
import { Disconnect } from './disconnect'
import { ReconnectButton } from './reconnect-button'
import { ScheduleForm } from './schedule-form'
import { SelectionForm } from './selection-form'

interface ConnectionSettingsProps {
  sourceId: string
  connection: Connection
  sync: SourceSync
}

/** What of an account is indexed, how often, and the connection itself. */
export function ConnectionSettings({ sourceId, connection, sync }: ConnectionSettingsProps) {
  const { provider, state } = connection
  const isLive = state === 'connected' || state === 'retrying'
  return (
    <>
      <Section
        title="What is indexed"
        description={`${PICKED_NAMES[provider]} of ${CONNECTORS[provider].name}, with all that is in them.`}
      >
        {state === 'connected' ? (
          <SelectionForm
            key={sync.selection.map(({ id }) => id).join()}
            sourceId={sourceId}
            provider={provider}
            selection={sync.selection}
          />
        ) : (
          <Card className="p-4 text-muted sm:px-5">
            {sync.selection.length === 0
              ? 'Nothing is chosen.'
              : `Chosen: ${namesText(
                  sync.selection.map(({ name }) => name),
                  10,
                )}.`}{' '}
            It can be changed while the source is connected.
          </Card>
        )}
      </Section>
      {isLive && (
        <Section title="Schedule">
          <ScheduleForm key={sync.schedule_minutes} sourceId={sourceId} minutes={sync.schedule_minutes} />
        </Section>
      )}
      <Section title="Connection">
        <ConnectionFacts sourceId={sourceId} connection={connection} />
      </Section>
    </>
  )
}

function ConnectionFacts({ sourceId, connection }: Omit<ConnectionSettingsProps, 'sync'>) {
  const { provider, state, account, connected_by, connected_at, granted_scopes } = connection
  const isDisconnected = state === 'disconnected'
  return (
    <Card>
      <CardHeader
        title={CONNECTORS[provider].name}
        description={
          isDisconnected
            ? 'Disconnected: Twig keeps no token of it.'
            : 'Disconnecting deletes the tokens here and revokes them there.'
        }
        actions={
          isDisconnected ? (
            <ReconnectButton sourceId={sourceId} />
          ) : (
            <>
              {state === 'connection_failed' && <ReconnectButton sourceId={sourceId} />}
              <Disconnect sourceId={sourceId} provider={provider} />
            </>
          )
        }
      />
      <div className="border-border border-t">
        <DescriptionList>
          <DescriptionItem term="Account">{account?.name ?? 'Unknown'}</DescriptionItem>
          {account?.workspace && <DescriptionItem term="Workspace">{account.workspace}</DescriptionItem>}
          <DescriptionItem term="Connected">
            <RelativeTime value={connected_at} />
            {connected_by && ` by ${connected_by.name}`}
          </DescriptionItem>
          {granted_scopes.length > 0 && (
            <DescriptionItem term="Allowed">
              <span className="flex flex-wrap gap-x-3 gap-y-0.5">
                {granted_scopes.map((scope) => (
                  <code key={scope} className="text-sm">
                    {scope}
                  </code>
                ))}
              </span>
            </DescriptionItem>
          )}
        </DescriptionList>
      </div>
    </Card>
  )
}
