import type { ReactNode } from 'react'
import { CopyButton } from './copy-button'

type CopyFieldProps = {
  label: string
  value: string
  note?: ReactNode
}

/** A value to be pasted elsewhere, under the name of the field it belongs to. */
export function CopyField({ label, value, note }: CopyFieldProps) {
  return (
    <div className="grid min-w-0 gap-1">
      <p className="text-muted text-sm">{label}</p>
      <div className="flex items-start gap-1 rounded-md border border-border bg-surface p-0.5">
        <code className="wrap-anywhere min-w-0 flex-1 px-2.5 py-1.5 font-mono text-sm">{value}</code>
        <CopyButton value={value} label={`Copy ${label}`} />
      </div>
      {note && <p className="text-muted text-sm">{note}</p>}
    </div>
  )
}
