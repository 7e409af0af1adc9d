import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type ChainedRow, ChainWalker, faultsAtEnds, GENESIS, hashOf } from './audit-chain'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** A chain of rows, as the database would make it. */
function chain(length: number, { from = 1, previous = GENESIS, organization = 'org_1' } = {}): ChainedRow[] {
  let last = previous
  return Array.from({ length }, (_, index) => {
    const seq = from + index
    const said = {
      ...{ id: `audit_${seq}`, seq, organization_id: organization, time: '2026-11-29T10:00:00.000Z' },
      ...{ actor_kind: 'user', actor_id: 'user_1', action: 'agent.created', target_id: `agent_${seq}` },
      ...{ before: null, after: { name: `Agent ${seq}` }, client_ip: null, request_id: null },
      previous_hash: last,
    }
    last = hashOf(said, sha256)
    return { ...said, hash: last }
  })
}

const LENGTH = 12
const whole = chain(LENGTH)
const at = (seq: number) => whole[seq - 1] as ChainedRow
const bounds = {
  organizationId: 'org_1',
  firstSeq: 1,
  lastSeq: LENGTH,
  previousHash: GENESIS,
  lastHash: at(LENGTH).hash,
}

function faultsOf(rows: readonly ChainedRow[], expected = bounds) {
  const walker = new ChainWalker(sha256)
  for (const [index, row] of rows.entries()) walker.take(row, index + 1)
  const walk = walker.end()
  return [...walk.faults, ...faultsAtEnds(walk, expected)].map(({ kind, seq }) => `${kind} ${seq}`)
}

/** The rows with one of them changed. */
function changed(seq: number, change: Partial<ChainedRow>): ChainedRow[] {
  return whole.map((row) => (row.seq === seq ? { ...row, ...change } : row))
}

/** The same, its hash being made to fit. */
function rehashed(seq: number, change: Partial<ChainedRow>): ChainedRow[] {
  const { hash: _, ...said } = { ...at(seq), ...change }
  return changed(seq, { ...change, hash: hashOf(said, sha256) })
}

const without = (...seqs: number[]) => whole.filter(({ seq }) => !seqs.includes(seq))
const order = (...seqs: number[]) => seqs.map(at)

test('a chain that nobody touched has no faults, nor has an empty one', () => {
  expect(faultsOf(whole)).toEqual([])
  expect(faultsOf([], { ...bounds, lastSeq: 0, lastHash: GENESIS })).toEqual([])
})

describe('edited', () => {
  test.each<[string, Partial<ChainedRow>]>([
    ['action', { action: 'agent.deleted' }],
    ['actor', { actor_id: 'user_2' }],
    ['kind of actor', { actor_kind: 'operator' }],
    ['target', { target_id: null }],
    ['before', { before: {} }],
    ['after', { after: { name: 'Agent 5.' } }],
    ['address', { client_ip: '192.0.2.1' }],
    ['request', { request_id: 'req_1' }],
    ['time', { time: '2026-11-29T10:00:00.001Z' }],
    ['id', { id: 'audit_0' }],
    ['hash', { hash: 'f'.repeat(64) }],
    ['hash of the row before', { previous_hash: 'f'.repeat(64) }],
  ])('%s: the row is named', (_, change) => {
    for (const seq of [1, 5, LENGTH]) {
      const faults = faultsOf(changed(seq, change))
      expect(faults[0]).toBe(`edited ${seq}`)
      expect(new Set(faults)).toEqual(new Set([`edited ${seq}`]))
    }
  })

  test('with a hash made to fit: the next row, or the head, tells', () => {
    for (const seq of [1, 5, LENGTH])
      expect(faultsOf(rehashed(seq, { action: 'x.y' }))).toEqual([`edited ${seq}`])
  })

  test('with every hash after it made to fit: the head tells', () => {
    const rewritten = chain(LENGTH).map((row) => ({ ...row, action: 'x.y' }))
    let previous = GENESIS
    const rows = rewritten.map(({ hash: _, ...said }) => {
      const next = { ...said, previous_hash: previous }
      previous = hashOf(next, sha256)
      return { ...next, hash: previous }
    })
    expect(faultsOf(rows)).toEqual([`edited ${LENGTH}`])
  })

  test('what is no row any more is named by the place it had', () => {
    const walker = new ChainWalker(sha256)
    for (const row of whole) {
      if (row.seq === 5 || row.seq === 6) walker.unreadable(row.seq)
      else walker.take(row, row.seq)
    }
    expect(walker.end().faults.map(({ kind, seq, line }) => [kind, seq, line])).toEqual([
      ['unreadable', 5, 5],
      ['unreadable', 6, 6],
    ])
  })

  test('written otherwise than it was counts as edited', () => {
    const walker = new ChainWalker(sha256)
    for (const row of whole) walker.take(row, row.seq, row.seq !== 5)
    expect(walker.end().faults.map(({ kind, seq }) => `${kind} ${seq}`)).toEqual(['edited 5'])
  })
})

test.each<[string, ChainedRow[], string[]]>([
  ['a row removed', without(5), ['missing 5']],
  ['two rows removed', without(5, 9), ['missing 5', 'missing 9']],
  ['rows in a row removed', without(5, 6, 7), ['missing 5']],
  ['the beginning cut off', without(1, 2), ['cut 1']],
  ['the end cut off', without(11, 12), ['cut 11']],
  ['all cut off', [], ['cut 1']],
  ['neighbours swapped', order(1, 2, 3, 4, 6, 5, 7, 8, 9, 10, 11, 12), ['reordered 5']],
  ['the first two swapped', order(2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), ['reordered 1']],
  ['the last two swapped', order(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 11), ['reordered 11']],
  ['a row moved to the end', order(1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 4), ['reordered 4']],
  ['a row twice', order(1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12), ['repeated 4']],
  [
    'a row of another organization',
    [...whole, ...chain(1, { organization: 'org_2', from: 13 })],
    ['foreign 13'],
  ],
  ['a row added at the end', chain(LENGTH + 1), [`edited ${LENGTH + 1}`]],
])('%s: named', (_, rows, faults) => {
  expect(faultsOf(rows)).toEqual(faults)
})

test('the row of another organization’s chain is foreign altogether', () => {
  expect(faultsOf(chain(LENGTH, { organization: 'org_2' }))).toEqual(['foreign null'])
})

describe('a log whose oldest rows were removed', () => {
  const [previous, through] = [at(4).hash, 4]
  const trimmed = { through_seq: through, through_hash: previous }
  const rows = chain(8, { from: 5, previous })
  const { hash: _, ...said } = { ...(rows.at(-1) as ChainedRow), action: 'audit_log.trimmed', after: trimmed }
  const told = [...rows.slice(0, -1), { ...said, hash: hashOf(said, sha256) }]
  const after = { ...bounds, firstSeq: 5, previousHash: previous, lastHash: told.at(-1)?.hash ?? '' }

  test('is whole when a row tells of it', () => {
    expect(faultsOf(told, after)).toEqual([])
  })

  test('is not when none does, or another hash is told', () => {
    expect(faultsOf(rows, { ...after, lastHash: rows.at(-1)?.hash ?? '' })).toEqual(['cut 1'])
    expect(faultsOf([], { ...after, lastSeq: through, lastHash: previous })).toEqual(['cut 1'])
    expect(faultsOf(told, { ...after, previousHash: GENESIS })).toEqual(['edited 5'])
    expect(faultsOf(told, { ...after, firstSeq: 4 })).toEqual(['cut 4'])
  })
})

test('a file of nothing but faults is told in fifty, and how many more', () => {
  const rows = chain(200).map((row) => ({ ...row, action: 'x.y' }))
  const walker = new ChainWalker(sha256)
  for (const row of rows) walker.take(row)
  const { faults } = walker.end()
  expect(faults).toHaveLength(51)
  expect(faults.at(-1)?.message).toBe('And 150 more faults.')
})
