import { expect, test } from 'vitest'
import { fixText } from './interaction-words'

const ENDINGS = ['external_key_rejected', 'provider_error', 'provider_timeout', 'temporarily_unavailable']

test('what a failed interaction says mends it, without a word of what only programs see', () => {
  for (const code of [...ENDINGS, 'internal_error', 'revoked_api_key', 'session_expired']) {
    expect(fixText(code), code).toMatch(/^[A-Z].*[.]$/)
    expect(fixText(code), code).not.toMatch(/`/)
  }
  expect(fixText('external_key_rejected')).toContain('Settings → External API Keys')
  expect(fixText('no_such_code')).toBeNull()
})
