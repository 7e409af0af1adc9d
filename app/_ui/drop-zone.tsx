'use client'

import { Upload } from 'lucide-react'
import { type ChangeEvent, type DragEvent, type ReactNode, useId, useRef, useState } from 'react'
import { cn } from './cn'

type DropZoneProps = {
  /** What screen readers call the control, e.g. "Files". */
  label: string
  /** What may come, in one line. */
  hint: ReactNode
  /** As in a file input's `accept`. */
  accept?: string
  disabled?: boolean
  /** Files that were chosen or dropped, one or several. */
  onFiles: (files: File[]) => void
}

/** Takes files that are dropped on it, or chosen in the browser's own dialog: the whole box is a label of its input. */
export function DropZone({ label, hint, accept, disabled = false, onFiles }: DropZoneProps) {
  const id = useId()
  const [isOver, setOver] = useState(false)
  /** Entering a child comes before leaving its parent: only the sum tells whether something hovers. */
  const depth = useRef(0)

  function hover(event: DragEvent, change: 1 | -1) {
    event.preventDefault()
    depth.current = Math.max(0, depth.current + change)
    setOver(depth.current > 0)
  }

  function take(list: FileList | null) {
    const files = [...(list ?? [])]
    if (files.length > 0 && !disabled) onFiles(files)
  }

  function drop(event: DragEvent) {
    event.preventDefault()
    depth.current = 0
    setOver(false)
    take(event.dataTransfer.files)
  }

  function choose(event: ChangeEvent<HTMLInputElement>) {
    take(event.currentTarget.files)
    // The same file again is a choice as well.
    event.currentTarget.value = ''
  }

  return (
    <label
      htmlFor={id}
      onDragEnter={(event) => hover(event, 1)}
      onDragOver={(event) => event.preventDefault()}
      onDragLeave={(event) => hover(event, -1)}
      onDrop={drop}
      className={cn(
        'grid cursor-pointer justify-items-center gap-1 rounded-lg border border-control border-dashed bg-raised px-5 py-7 text-center transition-colors duration-100',
        'has-focus-visible:outline-2 has-focus-visible:outline-ring has-focus-visible:outline-offset-2',
        'hover:bg-surface has-disabled:cursor-default has-disabled:bg-surface',
        isOver && 'border-accent border-solid bg-accent-soft',
      )}
    >
      <Upload aria-hidden="true" className="mb-1 size-5 text-muted" />
      <span aria-hidden="true">
        Drop files here, or{' '}
        <span className="text-accent underline decoration-accent-line underline-offset-4">choose them</span>
      </span>
      <span id={`${id}-hint`} className="text-muted text-sm">
        {hint}
      </span>
      <input
        id={id}
        type="file"
        multiple
        accept={accept}
        disabled={disabled}
        aria-label={label}
        aria-describedby={`${id}-hint`}
        onChange={choose}
        className="sr-only"
      />
    </label>
  )
}
