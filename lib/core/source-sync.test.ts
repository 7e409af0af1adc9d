import { describe, expect, test } from 'vitest'
import {
  type CallFailure,
  FAILURES_IN_A_ROW,
  fateOf,
  haltAfter,
  haltWords,
  nextSyncAt,
  PATIENCE_MS,
  stepAfter,
  toFetch,
} from './source-sync'

type Kind = CallFailure['kind']
const failure = (kind: Kind, retryAfterMs?: number): CallFailure => ({
  kind,
  reason: 'code_42',
  retryAfterMs,
})
const kinds: Kind[] = [
  'grant_refused',
  'unauthorized',
  'forbidden',
  'not_found',
  'rate_limited',
  'unavailable',
  'cursor_expired',
  'invalid_answer',
]
const now = new Date('2026-03-01T09:00:00Z')
const inMs = (date: Date | null) => date && date.getTime() - now.getTime()

describe('a call that failed', () => {
  const first = { tries: 1, isFresh: false }

  test.each<[Kind, string]>([
    ['grant_refused', 'give_up'],
    ['unauthorized', 'refresh'],
    ['forbidden', 'give_up'],
    ['not_found', 'give_up'],
    ['rate_limited', 'wait'],
    ['unavailable', 'wait'],
    ['cursor_expired', 'give_up'],
    ['invalid_answer', 'wait'],
  ])('%s: %s', (kind, step) => {
    expect(stepAfter(failure(kind), first, 0).kind).toBe(step)
  })

  test('a token is made anew once, not for as long as it is refused', () => {
    expect(stepAfter(failure('unauthorized'), { tries: 2, isFresh: true }, 0)).toEqual({ kind: 'give_up' })
  })

  test('waits at least as long as the provider asks for, whatever chance says', () => {
    for (const random of [0, 0.5, 0.999]) {
      expect(stepAfter(failure('rate_limited', 20_000), first, random)).toEqual({ kind: 'wait', ms: 20_000 })
    }
  })

  test('is not waited for on the spot when the provider asks for more than a minute', () => {
    expect(stepAfter(failure('rate_limited', PATIENCE_MS + 1), first, 0)).toEqual({ kind: 'give_up' })
    expect(stepAfter(failure('unavailable', PATIENCE_MS + 1), first, 0)).toEqual({ kind: 'give_up' })
  })

  test.each<Kind>(['rate_limited', 'unavailable', 'invalid_answer'])('%s is not tried for ever', (kind) => {
    const waits = Array.from({ length: 20 }, (_, index) =>
      stepAfter(failure(kind), { tries: index + 1, isFresh: false }, 0),
    )
    const spans = waits.flatMap((step) => (step.kind === 'wait' ? step.ms : []))
    expect(spans).toEqual([...spans].sort((a, b) => a - b))
    expect(spans.length).toBeLessThan(10)
    expect(waits.at(-1)).toEqual({ kind: 'give_up' })
  })

  test('chance takes off up to a half, so that not all come back at once', () => {
    expect(stepAfter(failure('unavailable'), first, 0)).toEqual({ kind: 'wait', ms: 2_000 })
    expect(stepAfter(failure('unavailable'), first, 1)).toEqual({ kind: 'wait', ms: 1_000 })
  })
})

describe('a document that was not fetched', () => {
  test.each<[Kind, string]>([
    ['grant_refused', 'halt'],
    ['unauthorized', 'fail'],
    ['forbidden', 'skip'],
    ['not_found', 'gone'],
    ['rate_limited', 'halt'],
    ['unavailable', 'fail'],
    ['cursor_expired', 'fail'],
    ['invalid_answer', 'fail'],
  ])('%s: %s', (kind, fate) => {
    expect(fateOf(failure(kind), 1)).toBe(fate)
  })

  test('when several in a row fail it is the provider, not the documents', () => {
    expect(fateOf(failure('unavailable'), FAILURES_IN_A_ROW - 1)).toBe('fail')
    expect(fateOf(failure('unavailable'), FAILURES_IN_A_ROW)).toBe('halt')
  })
})

describe('a source that came to a halt', () => {
  test('goes on later and later, half an hour apart at most', () => {
    const spans = Array.from({ length: 40 }, (_, attempts) =>
      inMs(haltAfter(failure('unavailable'), attempts, now, 0).nextAt),
    )
    expect(spans.slice(0, 4)).toEqual([30_000, 60_000, 120_000, 240_000])
    expect(spans.at(-1)).toBe(30 * 60_000)
  })

  test('goes on no earlier than the provider asks for, and says until when', () => {
    const halt = haltAfter(failure('rate_limited', 3_600_000), 0, now, 0.9)
    expect(inMs(halt.nextAt)).toBe(3_600_000)
    expect(halt.rateLimitedUntil).toEqual(halt.nextAt)
    expect(inMs(haltAfter(failure('unavailable', 3_600_000), 0, now, 0.9).nextAt)).toBe(3_600_000)
  })

  test('does not go on by itself when the grant is gone', () => {
    expect(haltAfter(failure('grant_refused'), 3, now, 0).nextAt).toBeNull()
  })

  test('is the provider’s trouble only when the provider is in trouble', () => {
    const troubled = kinds.filter((kind) => haltAfter(failure(kind), 0, now, 0).isTrouble)
    expect(troubled).toEqual(['unauthorized', 'unavailable', 'cursor_expired', 'invalid_answer'])
  })

  test.each(kinds)('says why in a sentence: %s', (kind) => {
    expect(haltWords(failure(kind))).toMatch(/^The provider .+\.$/)
  })
})

test('a source without a schedule is never due by itself', () => {
  expect(nextSyncAt(0, now)).toBeNull()
  expect(inMs(nextSyncAt(15, now))).toBe(15 * 60_000)
})

describe('what a page tells of', () => {
  const remote = (id: string, version = 'v1') => ({ id, version })

  test('only what is new or another is fetched', () => {
    const known = new Map([
      ['same', { version: 'v1', pass: 1 }],
      ['edited', { version: 'v0', pass: 1 }],
    ])
    const page = [remote('new'), remote('same'), remote('edited')]
    expect(toFetch(page, known, 2)).toEqual({
      wanted: [remote('new'), remote('edited')],
      unchanged: ['same'],
    })
  })

  test('what it tells of twice is fetched once, as it was told last', () => {
    const page = [remote('a', 'v1'), remote('b'), remote('a', 'v2')]
    expect(toFetch(page, new Map(), 1).wanted).toEqual([remote('a', 'v2'), remote('b')])
  })

  test('what could not be fetched is asked for again in the next pass, not in the same', () => {
    const known = new Map([['a', { version: null, pass: 4 }]])
    expect(toFetch([remote('a')], known, 4).wanted).toEqual([])
    expect(toFetch([remote('a')], known, 5).wanted).toEqual([remote('a')])
  })
})
