import type { DataDocument, DataSource } from '@/lib/core/data-schemas'
import { Badge, type BadgeVariant } from '../../_ui/badge'
import { Spinner } from '../../_ui/spinner'

const SOURCE: Readonly<Record<DataSource['status'], { label: string; variant: BadgeVariant }>> = {
  ready: { label: 'Ready', variant: 'success' },
  indexing: { label: 'Indexing…', variant: 'neutral' },
  connected: { label: 'Connected', variant: 'success' },
  retrying: { label: 'Retrying', variant: 'warning' },
  connection_failed: { label: 'Connection failed', variant: 'danger' },
  failed: { label: 'Failed', variant: 'danger' },
}

const DISCONNECTED = { label: 'Disconnected', variant: 'outline' } as const

const DOCUMENT: Readonly<Record<DataDocument['status'], { label: string; variant: BadgeVariant }>> = {
  waiting: { label: 'Waiting', variant: 'outline' },
  indexing: { label: 'Indexing', variant: 'neutral' },
  ready: { label: 'Ready', variant: 'success' },
  failed: { label: 'Failed', variant: 'danger' },
  skipped: { label: 'Skipped', variant: 'outline' },
}

const busy = <Spinner className="size-3" />

/** How a data source is; one that somebody disconnected says so, whatever its documents are like. */
export function SourceBadge({ source: { status, connection } }: { source: DataSource }) {
  const { label, variant } = connection?.state === 'disconnected' ? DISCONNECTED : SOURCE[status]
  return (
    <Badge variant={variant} {...(status === 'indexing' && { icon: busy })}>
      {label}
    </Badge>
  )
}

/** How far a document has come. */
export function DocumentBadge({ status }: { status: DataDocument['status'] }) {
  const { label, variant } = DOCUMENT[status]
  return (
    <Badge variant={variant} {...(status === 'indexing' && { icon: busy })}>
      {label}
    </Badge>
  )
}
