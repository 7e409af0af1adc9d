/** What the keyboard needs to know of a row. */
interface Row {
  key: string
  name: string
  level: number
  /** Undefined where nothing is below it. */
  expanded?: boolean | undefined
}

/** What a key does at a row of a tree. */
export type TreeDeed =
  | { kind: 'go'; place: number }
  | { kind: 'expand'; key: string; expanded: boolean }
  | { kind: 'act' }

/** The next row after a place, around the end, whose name begins with a letter; null where none does. */
function named(rows: readonly Row[], place: number, letter: string): TreeDeed | null {
  const order = rows.map((_, index) => (place + 1 + index) % rows.length)
  const next = order.find((index) => rows[index]?.name.toLowerCase().startsWith(letter.toLowerCase()))
  return next === undefined ? null : { kind: 'go', place: next }
}

/**
 * What a key does in a tree, as WAI-ARIA's pattern has it: up and down move, right opens and then goes in, left closes and
 * then goes out, Home and End, Space and Enter act, a letter looks for a name. Null: the key means nothing here.
 */
export function treeDeed(rows: readonly Row[], place: number, key: string): TreeDeed | null {
  const row = rows[place]
  if (!row) return null
  const go = (to: number): TreeDeed => ({ kind: 'go', place: Math.max(0, Math.min(rows.length - 1, to)) })
  switch (key) {
    case 'ArrowDown':
      return go(place + 1)
    case 'ArrowUp':
      return go(place - 1)
    case 'Home':
      return go(0)
    case 'End':
      return go(rows.length - 1)
    case 'Enter':
    case ' ':
      return { kind: 'act' }
    case 'ArrowRight':
      if (row.expanded === false) return { kind: 'expand', key: row.key, expanded: true }
      return row.expanded ? go(place + 1) : go(place)
    case 'ArrowLeft':
      if (row.expanded) return { kind: 'expand', key: row.key, expanded: false }
      return go(
        Math.max(
          rows.findLastIndex(({ level }, other) => other < place && level < row.level),
          0,
        ),
      )
    default:
      return [...key].length === 1 ? named(rows, place, key) : null
  }
}
