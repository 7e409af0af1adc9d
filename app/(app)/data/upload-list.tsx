'use client'

import { CircleAlert, CircleCheck, RotateCw, X } from 'lucide-react'
import { Button } from '../../_ui/button'
import { bytesText } from '../../_ui/bytes'
import { ProgressBar } from '../../_ui/progress-bar'
import type { Upload } from './use-uploads'

const WORDS = { waiting: 'Waiting', sending: 'Sending', sent: 'Sent', failed: 'Not added' } as const

type UploadListProps = {
  uploads: readonly Upload[]
  onRemove: (key: number) => void
  /** Offered for what failed. */
  onRetry?: ((upload: Upload) => void) | undefined
}

/** Files on their way, each with its progress or the reason why it did not arrive. */
export function UploadList({ uploads, onRemove, onRetry }: UploadListProps) {
  if (uploads.length === 0) return null
  return (
    <ul
      aria-label="Files"
      className="min-w-0 divide-y divide-border rounded-lg border border-border bg-raised"
    >
      {uploads.map((upload) => {
        const { name, size } = upload.outgoing.file
        return (
          <li key={upload.key} className="grid grid-cols-[minmax(0,1fr)] gap-1.5 px-4 py-2.5">
            <div className="flex items-center gap-3">
              <span className="min-w-0 flex-1 truncate" title={name}>
                {name}
              </span>
              <UploadState upload={upload} size={size} />
              {upload.state === 'failed' && onRetry && (
                <Button
                  variant="ghost"
                  size="icon"
                  aria-label={`Try ${name} again`}
                  onClick={() => onRetry(upload)}
                >
                  <RotateCw aria-hidden="true" />
                </Button>
              )}
              {upload.state !== 'sending' && (
                <Button
                  variant="ghost"
                  size="icon"
                  aria-label={`Take ${name} off the list`}
                  onClick={() => onRemove(upload.key)}
                >
                  <X aria-hidden="true" />
                </Button>
              )}
            </div>
            {upload.state === 'sending' && <ProgressBar label={`Sending ${name}`} percent={upload.percent} />}
            {upload.state === 'failed' && (
              <p role="alert" className="wrap-anywhere text-danger text-sm">
                {upload.message}
              </p>
            )}
          </li>
        )
      })}
    </ul>
  )
}

function UploadState({ upload: { state, percent }, size }: { upload: Upload; size: number }) {
  const detail = state === 'sending' ? `${percent} %` : bytesText(size)
  return (
    <span className="inline-flex shrink-0 items-center gap-1.5 text-muted text-sm tabular-nums">
      {state === 'sent' && <CircleCheck aria-hidden="true" className="size-3.5 text-success" />}
      {state === 'failed' && <CircleAlert aria-hidden="true" className="size-3.5 text-danger" />}
      {WORDS[state]}
      <span aria-hidden="true">·</span>
      {detail}
    </span>
  )
}
