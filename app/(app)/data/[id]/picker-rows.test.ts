import { describe, expect, test } from 'vitest'
import { type Branch, type PickerState, pickerRows, rootKey, toggled } from './picker-rows'

const folder = (id: string, name: string, has_children = true) => ({
  id,
  name,
  kind: 'folder' as const,
  has_children,
})

function branch(items: Branch['items'], more: Partial<Branch> = {}): Branch {
  return { parent: null, items, next: null, state: 'ready', problem: null, ...more }
}

const DEEP = new Map<string, Branch>([
  ['', branch([folder('1', 'Drive'), folder('2', 'Notes', false)], { next: 'c' })],
  ['/1', branch([folder('3', 'Contracts'), folder('4', 'Invoices', false)], { parent: '1' })],
  ['/1/3', branch([], { parent: '3' })],
])

const chosen = (...ids: string[]): PickerState['chosen'] =>
  new Map(ids.map((id) => [id, { id, name: id, kind: 'folder' }]))

const state = (changes: Partial<PickerState> = {}): PickerState => ({
  branches: DEEP,
  expanded: new Set(['/1', '/1/3']),
  chosen: chosen(),
  ...changes,
})

const shown = (from: PickerState, root = '') =>
  pickerRows(from, root).map((row) => `${'  '.repeat(row.level - 1)}${row.name}`)
const marks = (from: PickerState) =>
  Object.fromEntries(
    pickerRows(from, '').flatMap((row) => (row.kind === 'item' ? [[row.name, row.mark]] : [])),
  )

describe('rows of the picker', () => {
  test('what is open shows what is in it, and what has an end says how it goes on', () => {
    expect(shown(state())).toEqual([
      'Drive',
      '  Contracts',
      '    Nothing here',
      '  Invoices',
      'Notes',
      'Load more',
    ])
    expect(shown(state({ expanded: new Set() }))).toEqual(['Drive', 'Notes', 'Load more'])
  })

  test('what is asked for says so, and what failed says why and can be asked for again', () => {
    const branches = new Map([
      ['', branch([folder('1', 'Drive')])],
      ['/1', branch([], { state: 'failed', problem: 'Slack does not answer.' })],
    ])
    expect(shown(state({ branches }))).toEqual(['Drive', '  Slack does not answer. Try again'])
    expect(shown(state({ branches: new Map() }))).toEqual(['Loading…'])
    const loadsMore = new Map([['', branch([folder('1', 'A', false)], { next: 'c', state: 'loading' })]])
    expect(pickerRows(state({ branches: loadsMore }), '').at(-1)).toMatchObject({ pending: true })
  })

  test('a search has rows of its own, and says that it found nothing', () => {
    const branches = new Map([[rootKey('x'), branch([])]])
    expect(shown(state({ branches }), rootKey('x'))).toEqual(['Nothing found'])
  })

  test('what is in something chosen is chosen with it; what leads to something chosen says so', () => {
    expect(marks(state({ chosen: chosen('1') }))).toEqual({
      Drive: 'on',
      Contracts: 'within',
      Invoices: 'within',
      Notes: 'off',
    })
    expect(marks(state({ chosen: chosen('4') }))).toMatchObject({
      Drive: 'some',
      Contracts: 'off',
      Invoices: 'on',
    })
  })

  test('choosing what holds something chosen takes its place; unchoosing takes it off', () => {
    const [drive] = pickerRows(state(), '')
    if (!drive) throw new Error('no row')
    expect([...toggled(state({ chosen: chosen('4', '2') }), drive).keys()]).toEqual(['2', '1'])
    expect([...toggled(state({ chosen: chosen('1', '2') }), drive).keys()]).toEqual(['2'])
  })
})
