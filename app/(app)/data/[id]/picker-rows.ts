import type { BrowsePage, SelectedItem } from '@/lib/core/sync-schemas'

export type RemoteItem = BrowsePage['items'][number]

/** A row of the picker; `item` where it can be chosen. `_ui` draws it. */
export type PickerRow = { key: string; name: string; level: number } & (
  | { kind: 'item'; item: RemoteItem; mark: 'on' | 'off' | 'some' | 'within'; expanded: boolean | undefined }
  | { kind: 'step'; branch: string; failed: boolean; pending: boolean }
  | { kind: 'note'; pending: boolean }
)

/** What is known of one place at the provider: its items so far, and whether there are more. */
export interface Branch {
  /** Whose it is at the provider; null for the topmost place. */
  parent: string | null
  items: readonly RemoteItem[]
  /** Null: all of it is here. */
  next: string | null
  state: 'loading' | 'ready' | 'failed'
  problem: string | null
}

export interface PickerState {
  /** By the key of the row they are under. */
  branches: ReadonlyMap<string, Branch>
  expanded: ReadonlySet<string>
  chosen: ReadonlyMap<string, SelectedItem>
}

/** The key of the topmost place, or of what was found by a search. */
export const rootKey = (search: string) => (search === '' ? '' : `?${search}`)

/** A thing may stand in several places; the way to it tells the rows apart. */
const keyOf = (parent: string, item: RemoteItem) => `${parent}/${item.id}`

/** Whether something below a place is chosen, as far as it was looked at. */
function hasChosen(state: PickerState, key: string): boolean {
  return (state.branches.get(key)?.items ?? []).some(
    (item) => state.chosen.has(item.id) || hasChosen(state, keyOf(key, item)),
  )
}

function markOf(state: PickerState, key: string, item: RemoteItem, isWithin: boolean) {
  if (isWithin) return 'within'
  if (state.chosen.has(item.id)) return 'on'
  return hasChosen(state, key) ? 'some' : 'off'
}

/** The rows of one place and of all that is open below it. */
function rowsOf(state: PickerState, parent: string, name: string, level: number, isWithin: boolean) {
  const branch = state.branches.get(parent)
  const rows: PickerRow[] = []
  for (const item of branch?.items ?? []) {
    const key = keyOf(parent, item)
    const mark = markOf(state, key, item, isWithin)
    const expanded = item.has_children ? state.expanded.has(key) : undefined
    rows.push({ kind: 'item', key, name: item.name, level, item, mark, expanded })
    if (expanded) rows.push(...rowsOf(state, key, item.name, level + 1, mark === 'on' || isWithin))
  }
  const last = endOf(branch, parent, name, level)
  return last ? [...rows, last] : rows
}

/** What stands at the end of a place that is not all there. */
function endOf(branch: Branch | undefined, parent: string, name: string, level: number): PickerRow | null {
  const key = `${parent}/`
  const more = name === '' ? 'Load more' : `Load more of ${name}`
  if (!branch || (branch.state === 'loading' && branch.items.length === 0)) {
    return { kind: 'note', key, name: 'Loading…', level, pending: true }
  }
  if (branch.state === 'failed') {
    const problem = `${branch.problem ?? 'No answer.'} Try again`
    return { kind: 'step', key, name: problem, level, branch: parent, failed: true, pending: false }
  }
  if (branch.next !== null) {
    const pending = branch.state === 'loading'
    return { kind: 'step', key, name: more, level, branch: parent, failed: false, pending }
  }
  if (branch.items.length > 0) return null
  return {
    kind: 'note',
    key,
    name: parent.startsWith('?') ? 'Nothing found' : 'Nothing here',
    level,
    pending: false,
  }
}

/** All rows that show, in their order. */
export function pickerRows(state: PickerState, root: string): PickerRow[] {
  return rowsOf(state, root, '', 1, false)
}

/** Everything that is known to be below a place. */
function below(state: PickerState, key: string): string[] {
  return (state.branches.get(key)?.items ?? []).flatMap((item) => [
    item.id,
    ...below(state, keyOf(key, item)),
  ])
}

/** What is chosen after a row was ticked or unticked; what is below a ticked one is part of it and need not be named. */
export function toggled(state: PickerState, row: PickerRow): ReadonlyMap<string, SelectedItem> {
  if (row.kind !== 'item') return state.chosen
  const chosen = new Map(state.chosen)
  const { id, name, kind } = row.item
  if (chosen.delete(id)) return chosen
  for (const part of below(state, row.key)) chosen.delete(part)
  return chosen.set(id, { id, name, kind })
}
