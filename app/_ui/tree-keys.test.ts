import { describe, expect, test } from 'vitest'
import { treeDeed } from './tree-keys'

const rows = [
  { key: 'a', name: 'Archive', level: 1, expanded: true },
  { key: 'a/b', name: 'Budget', level: 2, expanded: false },
  { key: 'a/c', name: 'Contracts', level: 2 },
  { key: 'z', name: 'Zoo', level: 1, expanded: true },
]

describe('keys in a tree', () => {
  test.each([
    ['ArrowDown', 0, { kind: 'go', place: 1 }],
    ['ArrowDown', 3, { kind: 'go', place: 3 }],
    ['ArrowUp', 0, { kind: 'go', place: 0 }],
    ['Home', 3, { kind: 'go', place: 0 }],
    ['End', 0, { kind: 'go', place: 3 }],
    ['ArrowRight', 0, { kind: 'go', place: 1 }],
    ['ArrowRight', 1, { kind: 'expand', key: 'a/b', expanded: true }],
    ['ArrowRight', 2, { kind: 'go', place: 2 }],
    ['ArrowRight', 3, { kind: 'go', place: 3 }],
    ['ArrowLeft', 0, { kind: 'expand', key: 'a', expanded: false }],
    ['ArrowLeft', 2, { kind: 'go', place: 0 }],
    [' ', 1, { kind: 'act' }],
    ['Enter', 1, { kind: 'act' }],
    ['c', 0, { kind: 'go', place: 2 }],
    ['A', 2, { kind: 'go', place: 0 }],
    ['x', 0, null],
    ['Tab', 0, null],
    ['Escape', 0, null],
  ])('%s at row %i', (key, place, deed) => {
    expect(treeDeed(rows, place, key)).toEqual(deed)
  })

  test('a tree without rows knows no keys', () => {
    expect(treeDeed([], 0, 'ArrowDown')).toBeNull()
  })
})
