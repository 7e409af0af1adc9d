import { expect, test } from 'vitest'
import { InteractionFilter, QueryInput } from './answer-schemas'

test.each(['0001-01-01T00:00:00Z', '2026-01-31T09:30:00.000+02:00', '9999-12-31T23:59:59Z'])(
  'interactions can be asked for since %s',
  (from) => {
    expect(InteractionFilter.parse({ from })).toEqual({ from })
  },
)

test.each(['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '2026-02-30T00:00:00Z', 'yesterday'])(
  'a time that Postgres does not know is refused: %s',
  (from) => {
    expect(InteractionFilter.safeParse({ from }).success).toBe(false)
  },
)

test('a question that is not there is asked for in words', () => {
  const problems = (input: object) => QueryInput.safeParse(input).error?.issues.map(({ message }) => message)
  expect(problems({})).toEqual(['An id is required', 'The question is required'])
  expect(problems({ agent_id: 'agent_1', query: 7 })).toEqual(['The question must be a text'])
})
