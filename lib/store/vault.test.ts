import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type SealedPlace, seal, unseal } from './vault'

const key = (id: string) => ({ id, key: randomBytes(32) })
const [old, current] = [key('2025'), key('2026')]
const ring = [current, old]
const place: SealedPlace = { organizationId: 'org_1', table: 'oauth_tokens', row: 'tok_1', column: 'refresh' }
const SECRET = 'twigsk_live_secret ✓'

const parts = (envelope: string) => envelope.split('.') as [string, string, string, string]

/** The same base64url with one bit of one byte turned. */
function flip(part: string, index: number): string {
  const bytes = Buffer.from(part, 'base64url')
  bytes[index] = (bytes[index] ?? 0) ^ 1
  return bytes.toString('base64url')
}

test('what is sealed opens again in its place, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      expect(unseal(ring, place, seal(ring, place, text))).toBe(text)
    }),
  )
})

test('an envelope names its version and key, has 12 bytes of nonce, a tag of 16, and shows nothing of the text', () => {
  const envelope = seal(ring, place, SECRET)
  const [version, keyId, iv, sealed] = parts(envelope)
  expect([version, keyId]).toEqual(['v1', '2026'])
  expect(Buffer.from(iv, 'base64url')).toHaveLength(12)
  expect(Buffer.from(sealed, 'base64url')).toHaveLength(Buffer.byteLength(SECRET) + 16)
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('twigsk')
})

test('no nonce is used twice', () => {
  const nonces = Array.from({ length: 10_000 }, () => parts(seal(ring, place, ''))[2])
  expect(new Set(nonces).size).toBe(nonces.length)
})

describe('the key ring', () => {
  test('encrypts with its first key and opens with any', () => {
    const before = seal([old], place, SECRET)
    expect(parts(before)[1]).toBe('2025')
    expect(unseal(ring, place, before)).toBe(SECRET)
  })

  test('without the key of an envelope opens nothing, and neither does another key of that name', () => {
    const envelope = seal(ring, place, SECRET)
    expect(() => unseal([old], place, envelope)).toThrow('not in TWIG_ENCRYPTION_KEYS')
    expect(() => unseal([{ id: '2026', key: randomBytes(32) }], place, envelope)).toThrow()
    expect(() => unseal([{ id: '2026', key: old.key }], place, envelope)).toThrow()
    expect(() => seal([], place, SECRET)).toThrow('empty')
  })

  test('does not take one key’s envelope for another’s, even when both are the same bytes', () => {
    const twin = { id: 'twin', key: current.key }
    const [version, , iv, sealed] = parts(seal(ring, place, SECRET))
    expect(() => unseal([current, twin], place, [version, 'twin', iv, sealed].join('.'))).toThrow()
  })
})

describe('a changed envelope does not open', () => {
  const envelope = seal(ring, place, SECRET)
  const [version, keyId, iv, sealed] = parts(envelope)
  const bytes = Buffer.from(sealed, 'base64url')

  test('for any bit of nonce, text or tag', () => {
    for (let i = 0; i < 12; i++)
      expect(() => unseal(ring, place, [version, keyId, flip(iv, i), sealed].join('.'))).toThrow()
    for (let i = 0; i < bytes.length; i++)
      expect(() => unseal(ring, place, [version, keyId, iv, flip(sealed, i)].join('.'))).toThrow()
  })

  const cut = (end: number) => bytes.subarray(0, end).toString('base64url')
  test.each([
    ['another version', ['v2', keyId, iv, sealed]],
    ['no version', ['', keyId, iv, sealed]],
    ['an unknown key', [version, 'k9', iv, sealed]],
    ['an older key', [version, '2025', iv, sealed]],
    ['no key', [version, '', iv, sealed]],
    ['a tag of 12 bytes', [version, keyId, iv, cut(-4)]],
    ['a tag of 4 bytes', [version, keyId, iv, cut(-12)]],
    ['no tag', [version, keyId, iv, cut(-16)]],
    ['a tag alone', [version, keyId, iv, bytes.subarray(-16).toString('base64url')]],
    ['a text cut at its start', [version, keyId, iv, bytes.subarray(1).toString('base64url')]],
    ['nothing sealed', [version, keyId, iv, '']],
    ['no nonce', [version, keyId, '', sealed]],
    ['a nonce of 16 bytes', [version, keyId, randomBytes(16).toString('base64url'), sealed]],
    ['another nonce', [version, keyId, randomBytes(12).toString('base64url'), sealed]],
    ['padding', [version, keyId, iv, `${sealed}=`]],
    ['a space', [version, keyId, iv, `${sealed} `]],
    ['a fifth part', [version, keyId, iv, sealed, 'x']],
    ['three parts', [version, keyId, iv]],
    ['no part', ['']],
  ])('with %s', (_name, changed) => {
    expect(() => unseal(ring, place, changed.join('.'))).toThrow()
  })

  test('written in other characters that decode alike', () => {
    const text = 'x'
    const loose = seal(ring, place, text)
    const last = loose.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const twin = loose.slice(0, -1) + (alphabet[alphabet.indexOf(last) ^ 1] ?? '')
    expect(Buffer.from(parts(twin)[3], 'base64url')).toEqual(Buffer.from(parts(loose)[3], 'base64url'))
    expect(() => unseal(ring, place, twin)).toThrow('damaged')
  })

  test('and the error quotes none of it', () => {
    const changed = [version, keyId, iv, flip(sealed, 0)].join('.')
    try {
      unseal(ring, place, changed)
    } catch (error) {
      expect(String(error)).not.toContain(sealed.slice(0, 8))
      expect(String(error)).not.toContain('twigsk')
    }
    expect.assertions(2)
  })
})

test.each([
  ['organization', { organizationId: 'org_2' }],
  ['table', { table: 'external_keys' }],
  ['row', { row: 'tok_2' }],
  ['column', { column: 'access' }],
  ['ids that run together', { organizationId: 'org_1oauth_tokens', table: '' }],
  ['ids that bring their own separators', { row: 'tok_1","refresh', column: '' }],
])('in another place it does not open: %s', (_name, elsewhere) => {
  const envelope = seal(ring, place, SECRET)
  expect(() => unseal(ring, { ...place, ...elsewhere }, envelope)).toThrow()
})
