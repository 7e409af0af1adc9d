'use client'

import { useId } from 'react'
import { CopyButton } from './copy-button'

type SecretFieldProps = { label: string; value: string; hint?: string; onCopied?: () => void }

/** A secret in full, to be copied now: read-only, selected as soon as it is focused, wrapped so nothing is cut. */
export function SecretField({ label, value, hint, onCopied }: SecretFieldProps) {
  const id = useId()
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="font-medium text-sm">
        {label}
      </label>
      <div className="flex items-start gap-1 rounded-md border border-control bg-surface p-1 focus-within:border-ring">
        <textarea
          id={id}
          readOnly
          rows={1}
          value={value}
          spellCheck={false}
          onFocus={(event) => event.currentTarget.select()}
          aria-describedby={hint ? `${id}-hint` : undefined}
          className="field-sizing-content min-h-8 w-full min-w-0 flex-1 resize-none break-all rounded-sm bg-transparent px-2 py-1.5 font-mono text-sm"
        />
        <CopyButton value={value} label={`Copy ${label}`} variant="secondary" size="sm" onCopied={onCopied}>
          Copy
        </CopyButton>
      </div>
      {hint && (
        <p id={`${id}-hint`} className="text-muted text-sm">
          {hint}
        </p>
      )}
    </div>
  )
}
