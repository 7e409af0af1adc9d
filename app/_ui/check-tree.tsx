'use client'

import { Check, ChevronRight, Minus, RotateCw } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { cn } from './cn'
import { Spinner } from './spinner'
import { treeDeed } from './tree-keys'

/** Ticked, not ticked, something below is ticked, or ticked along with something above. */
export type TreeMark = 'on' | 'off' | 'some' | 'within'

type TreeItem = {
  kind: 'item'
  key: string
  name: string
  icon: ReactNode
  mark: TreeMark
  /** Undefined where nothing is below it. */
  expanded: boolean | undefined
}

/** Something to do: load more, or try again. */
type TreeStep = { kind: 'step'; key: string; name: string; failed?: boolean; pending?: boolean }

/** Something to know: loading, or nothing there. */
type TreeNote = { kind: 'note'; key: string; name: string; pending?: boolean }

/** One visible row of a tree, in the order shown; `level` begins at 1. */
export type TreeRow = { level: number } & (TreeItem | TreeStep | TreeNote)

type CheckTreeProps = {
  label: string
  rows: readonly TreeRow[]
  onToggle: (key: string) => void
  onExpand: (key: string, expanded: boolean) => void
  /** A step was taken. */
  onStep: (key: string) => void
  className?: string
}

const checked = { on: true, within: true, some: 'mixed', off: false } as const

/** A tree to tick things in, as ARIA has it: arrows move, open and close; Space and Enter tick. */
export function CheckTree({ label, rows, onToggle, onExpand, onStep, className }: CheckTreeProps) {
  const tree = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<string>()
  const lastPlace = useRef(0)
  const found = rows.findIndex(({ key }) => key === active)
  const place = found >= 0 ? found : Math.min(lastPlace.current, rows.length - 1)
  const hadFocus = useRef(false)

  useEffect(() => {
    lastPlace.current = place
    // What had the focus is gone, as “Load more” is when more has come: its place takes over.
    const isLost = hadFocus.current && rows.length > 0 && !tree.current?.contains(document.activeElement)
    if (isLost) focusRow(tree.current, place)
  }, [rows, place])

  function go(to: number) {
    setActive(rows[to]?.key)
    focusRow(tree.current, to)
  }

  function act(row: TreeRow) {
    if (row.kind === 'step' && !row.pending) onStep(row.key)
    if (row.kind === 'item' && row.mark !== 'within') onToggle(row.key)
  }

  function onKeyDown(event: KeyboardEvent) {
    const row = rows[place]
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey
    const deed = isPlain ? treeDeed(rows, place, event.key) : null
    if (!row || !deed) return
    event.preventDefault()
    if (deed.kind === 'go') go(deed.place)
    else if (deed.kind === 'expand') onExpand(deed.key, deed.expanded)
    else act(row)
  }

  return (
    <div
      ref={tree}
      role="tree"
      aria-label={label}
      aria-multiselectable="true"
      tabIndex={-1}
      onFocus={() => {
        hadFocus.current = true
      }}
      onBlur={(event) => {
        hadFocus.current = event.currentTarget.contains(event.relatedTarget)
      }}
      className={cn('overflow-y-auto overscroll-contain p-1 outline-none', className)}
    >
      {rows.map((row, index) => (
        <div
          key={row.key}
          role="treeitem"
          aria-level={row.level}
          aria-checked={row.kind === 'item' ? checked[row.mark] : undefined}
          aria-expanded={row.kind === 'item' ? row.expanded : undefined}
          aria-disabled={row.kind === 'note' || (row.kind === 'item' && row.mark === 'within') || undefined}
          aria-busy={(row.kind !== 'item' && row.pending) || undefined}
          tabIndex={index === place ? 0 : -1}
          onFocus={() => setActive(row.key)}
          onKeyDown={onKeyDown}
          onClick={() => {
            setActive(row.key)
            act(row)
          }}
          style={{ paddingInlineStart: `${(row.level - 1) * 1.25 + 0.25}rem` }}
          className={cn(
            'flex min-h-10 cursor-default items-center gap-2 rounded-sm pr-2 outline-offset-[-2px] sm:min-h-8.5',
            row.kind !== 'note' && 'hover:bg-hover',
          )}
        >
          <RowContent row={row} onExpand={onExpand} />
        </div>
      ))}
    </div>
  )
}

function focusRow(tree: HTMLElement | null, place: number) {
  const row = tree?.children.item(place)
  if (row instanceof HTMLElement) row.focus()
}

function RowContent({ row, onExpand }: { row: TreeRow; onExpand: CheckTreeProps['onExpand'] }) {
  if (row.kind === 'note') {
    return (
      <span className="flex items-center gap-2 pl-8 text-muted text-sm">
        {row.pending && <Spinner className="size-3.5" />}
        {row.name}
      </span>
    )
  }
  if (row.kind === 'step') {
    return (
      <span
        className={cn(
          'flex min-w-0 items-center gap-2 pl-8 text-sm',
          row.failed ? 'text-danger' : 'text-accent',
        )}
      >
        {row.pending ? (
          <Spinner className="size-3.5" />
        ) : (
          row.failed && <RotateCw className="size-3.5 shrink-0" />
        )}
        <span className="wrap-anywhere underline decoration-current/40 underline-offset-4">{row.name}</span>
      </span>
    )
  }
  return (
    <>
      {/* Arrow keys do the same; to a screen reader it is the row that opens. */}
      <span
        aria-hidden="true"
        onClick={(event) => {
          if (row.expanded === undefined) return
          event.stopPropagation()
          onExpand(row.key, !row.expanded)
        }}
        className="grid size-7 shrink-0 place-items-center rounded-sm text-muted hover:text-foreground"
      >
        {row.expanded !== undefined && (
          <ChevronRight
            className={cn('size-4 transition-transform duration-100', row.expanded && 'rotate-90')}
          />
        )}
      </span>
      <span
        aria-hidden="true"
        className={cn(
          'grid size-4.5 shrink-0 forced-color-adjust-none place-items-center rounded-sm border [&_svg]:size-3 [&_svg]:stroke-3 sm:size-4',
          row.mark === 'off' ? 'border-control bg-raised' : 'border-accent bg-accent text-accent-foreground',
          row.mark === 'within' && 'border-muted bg-muted text-surface',
        )}
      >
        {row.mark === 'some' ? <Minus /> : row.mark !== 'off' && <Check />}
      </span>
      <span aria-hidden="true" className="shrink-0 text-muted [&_svg]:size-4">
        {row.icon}
      </span>
      <span className="min-w-0 truncate" title={row.name}>
        {row.name}
      </span>
    </>
  )
}
