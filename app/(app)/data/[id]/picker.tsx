'use client'

import { FileText, Folder, Globe, HardDrive, Hash, Table2, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { SelectedItem } from '@/lib/core/sync-schemas'
import { CheckTree, type TreeRow } from '../../../_ui/check-tree'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import type { PickerRow, RemoteItem } from './picker-rows'
import type { usePicker } from './use-picker'

const icons: Readonly<Record<RemoteItem['kind'], ReactNode>> = {
  folder: <Folder />,
  drive: <HardDrive />,
  site: <Globe />,
  channel: <Hash />,
  page: <FileText />,
  database: <Table2 />,
}

function treeRow(row: PickerRow): TreeRow {
  if (row.kind !== 'item') return row
  const { item, ...rest } = row
  return { ...rest, icon: icons[item.kind] }
}

interface PickerProps {
  picker: ReturnType<typeof usePicker>
  /** What is chosen here: "Folders of Google Drive". */
  label: string
  isSearchable: boolean
}

/** The provider's folders, channels or pages as a tree, and what is chosen of them. */
export function Picker({ picker, label, isSearchable }: PickerProps) {
  const { rows, chosen, typed, setTyped, expand, step, toggle, drop } = picker
  return (
    <div className="grid min-w-0 gap-4 md:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <div className="grid min-w-0 content-start gap-3">
        {isSearchable && (
          <Field label="Search">
            <Input
              type="search"
              value={typed}
              maxLength={100}
              autoComplete="off"
              onChange={(event) => setTyped(event.target.value)}
              onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
            />
          </Field>
        )}
        <CheckTree
          label={label}
          rows={rows.map(treeRow)}
          onToggle={toggle}
          onExpand={expand}
          onStep={step}
          className="h-72 rounded-md border border-control"
        />
      </div>
      <Chosen chosen={chosen} onDrop={drop} />
    </div>
  )
}

function Chosen({ chosen, onDrop }: { chosen: readonly SelectedItem[]; onDrop: (id: string) => void }) {
  return (
    <div className="min-w-0">
      <p className="mb-1.5 font-medium text-sm" aria-live="polite">
        {chosen.length === 0 ? 'Nothing chosen yet' : `${chosen.length} chosen`}
      </p>
      {chosen.length === 0 ? (
        <p className="text-muted text-sm">
          Tick what agents may quote from. What is in it is read too, also what is added later.
        </p>
      ) : (
        <ul className="grid max-h-80 gap-1 overflow-y-auto">
          {chosen.map(({ id, name, kind }) => (
            <li
              key={id}
              className="flex min-h-9 min-w-0 items-center gap-2 rounded-md border border-border bg-surface py-1 pr-1 pl-2.5"
            >
              <span aria-hidden="true" className="shrink-0 text-muted [&_svg]:size-4">
                {icons[kind]}
              </span>
              <span className="min-w-0 flex-1 truncate" title={name}>
                {name}
              </span>
              <button
                type="button"
                aria-label={`Take ${name} off`}
                onClick={() => onDrop(id)}
                className="grid size-7 shrink-0 place-items-center rounded-sm text-muted hover:bg-hover hover:text-foreground"
              >
                <X aria-hidden="true" className="size-4" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
