import type { Connection } from '@/lib/core/connectors'
import type { DataSource } from '@/lib/core/data-schemas'
import type { SourceSync } from '@/lib/core/sync-schemas'
import { Card, CardBody, CardHeader } from '../../../_ui/card'
import { ProgressBar } from '../../../_ui/progress-bar'
import { RelativeTime } from '../../../_ui/relative-time'
import { Stat, StatGroup } from '../../../_ui/stat'
import { scheduleText } from '../connector-words'
import { KindMark } from '../kind-mark'
import { isSyncing, namesText, syncPercent, syncText, tokenWords } from './connection-words'
import { NextTime } from './next-time'
import { SyncNowButton } from './sync-now-button'

/** Shown while nobody knows how much there is. */
const BEGUN_PERCENT = 4

interface ConnectionCardProps {
  source: DataSource
  connection: Connection
  sync: SourceSync
  writable: boolean
}

/** Whose account it is, how its token is, and how the sync goes. */
export function ConnectionCard({ source, connection, sync, writable }: ConnectionCardProps) {
  const { account, state } = connection
  // One that waits for its provider may be told to try at once.
  const isIdle = state === 'retrying' || (state === 'connected' && !isSyncing(sync))
  return (
    <div className="grid gap-4">
      <Card>
        <CardHeader
          headingLevel={2}
          icon={<KindMark kind={connection.provider} className="size-6" />}
          title={account?.name ?? 'Account unknown'}
          description={account?.workspace ?? undefined}
          actions={
            writable && (
              <SyncNowButton sourceId={source.id} disabled={!isIdle || sync.selection.length === 0} />
            )
          }
        />
        <CardBody className="grid gap-2">
          <output className="text-sm tabular-nums">
            {syncText(connection, sync, source.document_count)}
            {sync.rate_limited_until && isSyncing(sync) && (
              <span className="text-muted">
                {' '}
                · asked to slow down, goes on <NextTime value={sync.rate_limited_until} />
              </span>
            )}
          </output>
          {isSyncing(sync) && state !== 'retrying' ? (
            <ProgressBar label="Sync" percent={syncPercent(sync) ?? BEGUN_PERCENT} />
          ) : (
            // Its place is kept, so that nothing moves when a sync begins or ends.
            sync.selection.length > 0 && <div className="h-1.5" />
          )}
        </CardBody>
      </Card>
      {(sync.selection.length > 0 || sync.finished_at !== null) && (
        <SyncFacts connection={connection} sync={sync} />
      )}
    </div>
  )
}

function SyncFacts({ connection, sync }: Pick<ConnectionCardProps, 'connection' | 'sync'>) {
  const token = tokenWords(connection)
  const isLive = connection.state === 'connected' || connection.state === 'retrying'
  const expires = connection.state === 'connected' && connection.token?.expires_at
  return (
    <StatGroup>
      <Stat label="Last sync" value={<RelativeTime value={sync.finished_at} />} />
      <Stat
        label="Next sync"
        value={<NextSync connection={connection} sync={sync} />}
        hint={isLive ? scheduleText(sync.schedule_minutes) : 'Not while it is not connected'}
      />
      <Stat
        label="Chosen"
        value={sync.selection.length.toLocaleString('en')}
        hint={
          <span className="wrap-anywhere">
            {namesText(
              sync.selection.map(({ name }) => name),
              2,
            )}
          </span>
        }
      />
      <Stat
        label="Token"
        value={token.value}
        hint={
          <>
            {token.hint}
            {expires && (
              <>
                ; this one ends <RelativeTime value={expires} />
              </>
            )}
          </>
        }
      />
    </StatGroup>
  )
}

function NextSync({ connection: { state }, sync }: Pick<ConnectionCardProps, 'connection' | 'sync'>) {
  if (state === 'connected' && isSyncing(sync)) return <span className="text-muted">Under way</span>
  const isLive = state === 'connected' || state === 'retrying'
  return isLive && sync.next_at ? <NextTime value={sync.next_at} /> : <span className="text-muted">–</span>
}
