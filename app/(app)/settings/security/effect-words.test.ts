import { expect, test } from 'vitest'
import { effectText } from './effect-words'

test('an effect is told in numbers that agree with their nouns', () => {
  const none = { requests: 0, blocked: 0, addresses: 0, unknown: 0 }
  expect(effectText(none)).toBe('There were no requests with keys in the last 7 days to try it on.')
  expect(effectText({ ...none, requests: 1 })).toBe(
    'It would have blocked none of 1 request of the last 7 days.',
  )
  expect(effectText({ requests: 12_345, blocked: 1_000, addresses: 1, unknown: 2 })).toBe(
    'It would have blocked 1,000 of 12,345 requests of the last 7 days, from 1 address. Of 2 more the address is not on record.',
  )
})
