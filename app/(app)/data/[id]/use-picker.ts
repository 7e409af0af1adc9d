'use client'

import { useCallback, useEffect, useRef, useState } from 'react'
import { BrowsePage, type SelectedItem } from '@/lib/core/sync-schemas'
import { type Branch, type PickerRow, type PickerState, pickerRows, rootKey, toggled } from './picker-rows'

const NO_ANSWER = 'Twig did not answer.'
/** So that not every letter of a search is a question to the provider. */
const TYPING_MS = 350

/** A page of so few, as the places of an account often are, is followed by the next at once, so often. */
const SHORT_PAGE = 3
const PAGES_AT_ONCE = 2

interface Place {
  parent: string | null
  cursor: string | null
  query: string
}

/** Asks for one page of a place. Rejects with a sentence. */
async function ask(sourceId: string, place: Place, signal: AbortSignal): Promise<BrowsePage> {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(place)) if (value) search.set(name, value)
  const answer = await fetch(`/data/${sourceId}/browse?${search}`, { signal, cache: 'no-store' })
  const body: unknown = await answer.json()
  if (answer.ok) return BrowsePage.parse(body)
  const message: unknown = Reflect.get(Object(body), 'message')
  // The row itself offers to try again.
  throw new Error(typeof message === 'string' ? message.replace(/ Try again later\.$/, '') : NO_ANSWER)
}

const EMPTY: Branch = { parent: null, items: [], next: null, state: 'loading', problem: null }

/**
 * What can be chosen at the provider, place by place, and what is chosen. A fetch of its own for each page, since a form's
 * action would wait for it.
 */
export function usePicker(sourceId: string, selection: readonly SelectedItem[]) {
  const [branches, setBranches] = useState<PickerState['branches']>(new Map())
  const [expanded, setExpanded] = useState<PickerState['expanded']>(new Set())
  const [chosen, setChosen] = useState<PickerState['chosen']>(
    () => new Map(selection.map((item) => [item.id, item])),
  )
  const [typed, setTyped] = useState('')
  const [search, setSearch] = useState('')
  const asking = useRef(new AbortController())
  /** Topmost places and searches that were asked for. */
  const roots = useRef(new Set<string>())

  const load = useCallback(
    async (key: string, before: Branch, query: string) => {
      const { signal } = asking.current
      const put = (branch: Branch) => {
        if (!signal.aborted) setBranches((all) => new Map(all).set(key, branch))
      }
      let branch: Branch = { ...before, state: 'loading', problem: null }
      put(branch)
      try {
        let isShort = true
        for (let pages = 0; isShort && pages < PAGES_AT_ONCE; pages += 1) {
          const { items, next } = await ask(
            sourceId,
            { parent: branch.parent, cursor: branch.next, query },
            signal,
          )
          branch = { ...branch, items: [...branch.items, ...items], next }
          isShort = next !== null && branch.items.length - before.items.length < SHORT_PAGE
        }
        put({ ...branch, state: 'ready' })
      } catch (error) {
        const problem = error instanceof Error && error.name === 'Error' ? error.message : NO_ANSWER
        put({ ...branch, state: 'failed', problem })
      }
    },
    [sourceId],
  )

  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed])

  useEffect(() => {
    asking.current = new AbortController()
    const { current } = asking
    return () => {
      current.abort()
      roots.current.clear()
    }
  }, [])

  useEffect(() => {
    const key = rootKey(search)
    if (roots.current.has(key)) return
    roots.current.add(key)
    void load(key, EMPTY, search)
  }, [load, search])

  const state: PickerState = { branches, expanded, chosen }
  const root = rootKey(search)
  const rows = pickerRows(state, root)
  const rowOf = (key: string): PickerRow | undefined => rows.find((row) => row.key === key)

  function expand(key: string, isExpanded: boolean) {
    const row = rowOf(key)
    if (row?.kind !== 'item') return
    const next = new Set(expanded)
    if (isExpanded) next.add(key)
    else next.delete(key)
    setExpanded(next)
    if (isExpanded && !branches.has(key)) void load(key, { ...EMPTY, parent: row.item.id }, '')
  }

  /** Loads more, or once more what failed. */
  function step(key: string) {
    const row = rowOf(key)
    const branch = row?.kind === 'step' ? branches.get(row.branch) : undefined
    if (row?.kind === 'step' && branch) void load(row.branch, branch, row.branch === root ? search : '')
  }

  function toggle(key: string) {
    const row = rowOf(key)
    if (row) setChosen(toggled(state, row))
  }

  function drop(id: string) {
    const next = new Map(chosen)
    next.delete(id)
    setChosen(next)
  }

  return { rows, chosen: [...chosen.values()], typed, setTyped, expand, step, toggle, drop }
}
