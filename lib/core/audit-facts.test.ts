import { describe, expect, test } from 'vitest'
import { MASK, maskFacts } from './audit-facts'

const BASE62 = 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6'
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl'
const PEM = `-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----`
const BCRYPT = '$2b$12$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234'

describe('a secret never gets in', () => {
  test.each([
    ['an API key', `twigsk_live_${BASE62}${BASE62.slice(0, 20)}`],
    ['a test key', `twigsk_test_${BASE62}${BASE62.slice(0, 20)}`],
    ['an OpenAI key', `sk-proj-${BASE62}`],
    ['an Anthropic key', `sk-ant-api03-${BASE62}`],
    ['a Slack token', `xoxb-123456789012-${BASE62}`],
    ['a Google access token', `ya29.a0${BASE62}`],
    ['a Google refresh token', `1//0g${BASE62}`],
    ['a Notion token', `ntn_${BASE62}`],
    ['a session', JWT],
    ['a private key', PEM],
    ['a sealed text', `v1.k1.AAAAAAAAAAAAAAAA.${BASE62}`],
    ['a bcrypt hash', BCRYPT],
    ['a bearer token', BASE62],
  ])('under an innocent name, alone or within a text, at any depth: %s', (kind, secret) => {
    const said = kind === 'a bearer token' ? `Bearer ${secret}` : secret
    const masked = JSON.stringify(
      maskFacts({ name: said, note: `it is ${said} now`, deep: { list: [{ endpoint: said }] }, [said]: 1 }),
    )
    expect(masked).not.toContain(secret)
    expect(masked).not.toContain(secret.slice(-12))
    expect(masked).toContain(MASK)
    expect(masked).toContain('it is ')
  })

  test.each([
    `https://twig.example/invite/${BASE62}`,
    `https://twig.example/reset/${BASE62}`,
    `https://idp.example/cb?code=${BASE62}&x=1`,
    `postgres://twig:${BASE62}@db.example/twig`,
  ])('in an address that carries one: %s', (address) => {
    const { url } = maskFacts({ url: address })
    expect(url).not.toContain(BASE62)
    expect(url).toMatch(/^(?:https|postgres):\/\//)
  })

  test.each([
    ...['password', 'clientSecret', 'client_secret', 'access_token', 'refreshToken', 'api_key', 'apiKey'],
    ...['privateKey', 'secretHash', 'token_digest', 'sealedKey', 'code_verifier', 'cookie', 'authorization'],
    ...['recovery_codes', 'SAML_assertion', 'passphrase'],
  ])('under the name %s, whatever it looks like', (name) => {
    expect(maskFacts({ [name]: 'hunter2' })).toEqual({ [name]: MASK })
    expect(maskFacts({ deep: [{ [name]: { a: 'hunter2' } }] })).toEqual({ deep: [{ [name]: MASK }] })
    expect(maskFacts({ [name]: true, other: null })).toEqual({ [name]: true, other: null })
  })
})

test('what is no secret stays word for word', () => {
  const facts = {
    name: 'sk-learn helper, Bearer of news, Basic information',
    masked: `twigsk_live_a1b2…wxyz`,
    max_tokens: 100,
    external_key_id: 'ext_4fGh2Kq9ZrT7wXyB1cDe',
    secretVersion: 'v2',
    certificates: ['A1:B2:C3'],
    url: 'https://acme.example/path?x=1#y',
    after: { per_minute: 5, nothing: null, list: [] },
  }
  expect(maskFacts(facts)).toEqual(facts)
})

test('what Postgres cannot keep is replaced, so that no change fails for it', () => {
  expect(maskFacts({ name: 'a\0b\ud800c', gone: undefined })).toEqual({ name: 'a\ufffdb\ufffdc' })
})
