import { CONNECTORS, type Connection } from '@/lib/core/connectors'
import type { SourceSync } from '@/lib/core/sync-schemas'
import { Banner } from '../../../_ui/banner'
import { RelativeTime } from '../../../_ui/relative-time'
import { namesText } from './connection-words'
import { NextTime } from './next-time'
import { Receipt } from './receipt'
import { ReconnectButton } from './reconnect-button'

interface ConnectionNoticeProps {
  sourceId: string
  connection: Connection
  sync: SourceSync
  agents: ReadonlyArray<{ name: string }>
  writable: boolean
}

/** What is wrong with a connection and what to do; nothing while all is well. */
export function ConnectionNotice(props: ConnectionNoticeProps) {
  const { state, receipt } = props.connection
  if (state === 'connection_failed') return <Failed {...props} />
  if (state === 'retrying') return <Retrying {...props} />
  if (state === 'disconnected' && receipt) {
    return (
      <Receipt
        receipt={receipt}
        provider={props.connection.provider}
        action={props.writable && <ReconnectButton sourceId={props.sourceId} />}
      />
    )
  }
  if (props.sync.last_error) {
    return (
      <Banner tone="warning" title="The last sync did not end well">
        {props.sync.last_error} What was read before is still quoted; the next sync goes on from there.
      </Banner>
    )
  }
  return null
}

function Failed({ sourceId, connection, agents, writable }: ConnectionNoticeProps) {
  const { name, scopes } = CONNECTORS[connection.provider]
  const { failure, missing_scopes, last_good_at } = connection
  return (
    <Banner
      tone="danger"
      title="Connection failed"
      action={writable && <ReconnectButton sourceId={sourceId} primary />}
    >
      {missing_scopes.length > 0 ? (
        <>
          <p>{name} was not allowed everything that Twig needs. Missing:</p>
          <ul className="my-1 list-disc pl-5">
            {missing_scopes.map((scope) => (
              <li key={scope}>
                {scopes.find((known) => known.scope === scope)?.why ?? 'A permission'}{' '}
                <code className="text-xs">{scope}</code>
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p>
          {name} does not accept the stored permission any more
          {failure?.reason && (
            <>
              ; its reason: <code className="text-sm">{failure.reason}</code>
            </>
          )}
          .
        </p>
      )}
      <p>
        Last good: <RelativeTime value={last_good_at} />. Documents read until then are still quoted, but no
        longer follow what changes there.
      </p>
      <p>{affected(agents)}</p>
      {!writable && <p>A member of the organization can reconnect it.</p>}
    </Banner>
  )
}

function affected(agents: ConnectionNoticeProps['agents']): string {
  if (agents.length === 0) return 'No agent draws from it.'
  const names = namesText(agents.map(({ name }) => name))
  return `${agents.length === 1 ? 'Affected agent' : 'Affected agents'}: ${names}.`
}

function Retrying({ connection }: ConnectionNoticeProps) {
  const { name } = CONNECTORS[connection.provider]
  const { failing_since, retry_at, failure } = connection
  return (
    <Banner tone="warning" title={`${name} does not answer`}>
      Since <RelativeTime value={failing_since} />
      {failure?.reason && (
        <>
          {' '}
          (<code className="text-sm">{failure.reason}</code>)
        </>
      )}
      . The connection is kept and tried again by itself, next <NextTime value={retry_at} />; there is nothing
      to do.
    </Banner>
  )
}
