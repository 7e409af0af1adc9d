import { expect, test } from 'vitest'
import { cleanDetail } from './model-failure'

const KEY = 'sk-canary+/=ü-0123456789'

test('a provider’s words are shown without the key in any form, in one line, and not for ever', () => {
  const forms = [
    KEY,
    encodeURIComponent(KEY),
    Buffer.from(KEY).toString('base64'),
    Buffer.from(KEY).toString('base64url'),
  ]
  for (const form of forms) expect(cleanDetail(`Bad key ${form}!`, KEY)).toBe('Bad key [key]!')
  expect(cleanDetail('Key sk-proj-ABCDEFGH12345678 of another', KEY)).toBe('Key [secret] of another')
  expect(cleanDetail('one\r\ntwo\u0000\u202ethree\u2028four', KEY)).toBe('one two three four')
  expect(cleanDetail('x'.repeat(1_000), KEY)).toHaveLength(300)
  expect(cleanDetail('too short a key is no key: a', 'a')).toContain('a key')
})
