import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  digestKey,
  generateKey,
  KEY_PATTERN,
  maskKey,
  parseAuthorization,
  parseKey,
  verifyTag,
} from './api-key'
import type { Hmac } from './hmac'

const hmacOf =
  (secret: string): Hmac =>
  (data) =>
    createHmac('sha256', secret).update(data).digest()
const pepper = hmacOf('a pepper of the tests, 32 characters or more')
const { key: K } = generateKey('live', pepper)
const BASE62 = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz']

/** Whether the key would get past the arithmetic. */
async function isOurs(key: string, under: Hmac = pepper): Promise<boolean> {
  const parsed = parseKey(key)
  return parsed !== null && verifyTag(parsed, under)
}

/** The key with one character replaced. */
function withCharacter(at: number, character: string): string {
  return K.slice(0, at) + character + K.slice(at + 1)
}

describe('a generated key', () => {
  test('has the form of the contract: prefix, environment, 12 of id, 32 of secret, 8 of tag', async () => {
    for (const environment of ['live', 'test'] as const) {
      const made = generateKey(environment, pepper)
      expect(made.key).toMatch(
        new RegExp(`^twigsk_${environment}_[0-9A-Za-z]{12}[0-9A-Za-z]{32}[0-9A-Za-z]{8}$`),
      )
      expect(made.key).toMatch(new RegExp(`^${KEY_PATTERN}$`))
      expect(made.keyId).toBe(`key_${made.key.slice(12, 24)}`)
      expect(made.secret).toBe(made.key.slice(24, 56))
    }
  })

  test('is read back into the same parts and its tag is ours', async () => {
    const made = generateKey('test', pepper)
    const parsed = parseKey(made.key)
    expect(parsed).toEqual({
      keyId: made.keyId,
      environment: 'test',
      secret: made.secret,
      tag: made.key.slice(-8),
      body: made.key.slice(0, -8),
    })
    expect(await isOurs(made.key)).toBe(true)
  })

  test('never repeats its id or its secret, and bcrypt takes the secret whole', async () => {
    const made = await Promise.all(Array.from({ length: 500 }, () => generateKey('live', pepper)))
    expect(new Set(made.map(({ keyId }) => keyId)).size).toBe(500)
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(500)
    expect(Math.max(...made.map(({ secret }) => Buffer.byteLength(secret)))).toBeLessThan(72)
  })

  test('is shown afterwards by four characters of its id and four of its tag, none of the secret', async () => {
    const made = generateKey('live', pepper)
    expect(maskKey('live', made.start, made.last4)).toBe(
      `twigsk_live_${made.key.slice(12, 16)}…${made.key.slice(-4)}`,
    )
    expect(maskKey('test', 'a1b2', 'wxyz')).toBe('twigsk_test_a1b2…wxyz')
  })
})

describe('the tag', () => {
  test('is a truncated HMAC-SHA256 over all that precedes it', async () => {
    const parsed = parseKey(K)
    const bytes = pepper(parsed?.body ?? '')
    const digits = Array.from({ length: 8 }, (_, i) => {
      return BASE62[(((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)) % 62]
    })
    expect(parsed?.tag).toBe(digits.join(''))
  })

  test('refuses every change of one character of a good key by any other base62 digit', async () => {
    for (let at = 12; at < K.length; at++) {
      for (const digit of BASE62) {
        if (digit !== K[at]) expect(await isOurs(withCharacter(at, digit)), `${at} → ${digit}`).toBe(false)
      }
    }
  })

  test('refuses any one-character change, insertion or removal, whatever the character', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(K.length - 1),
        fc.nat(0xffff).map((code) => String.fromCharCode(code)),
        async (at, character) => {
          fc.pre(character !== K[at])
          expect(await isOurs(withCharacter(at, character))).toBe(false)
          expect(await isOurs(K.slice(0, at) + character + K.slice(at))).toBe(false)
          expect(await isOurs(K.slice(0, at) + K.slice(at + 1))).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('refuses a key of any other pepper', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (other) => {
        expect(await isOurs(K, hmacOf(other))).toBe(false)
      }),
      { numRuns: 200 },
    )
  })

  test('refuses a key moved to the other environment', async () => {
    expect(await isOurs(K.replace('_live_', '_test_'))).toBe(false)
  })

  test('refuses the tag of another key and the secret of another key', async () => {
    const { key: other } = generateKey('live', pepper)
    expect(await isOurs(K.slice(0, -8) + other.slice(-8))).toBe(false)
    expect(await isOurs(K.slice(0, 24) + other.slice(24, 56) + K.slice(-8))).toBe(false)
  })

  test('refuses a forger who is handed an all-zero tag, a repeated tag or the mask’s last four', async () => {
    for (const tag of ['00000000', 'zzzzzzzz', `0000${K.slice(-4)}`]) {
      expect(await isOurs(K.slice(0, -8) + tag)).toBe(false)
    }
  })
})

describe('the digest that is cached in place of the secret', () => {
  test('is 64 hex digits, depends on the whole key and on the pepper, and is not the tag’s HMAC', async () => {
    const key = parseKey(K)
    const other = parseKey(generateKey('live', pepper).key)
    if (!key || !other) throw new Error('a generated key could not be read')
    const digest = digestKey(key, pepper)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(digest).toBe(digestKey(key, pepper))
    expect(digest).not.toBe(digestKey(other, pepper))
    expect(digest).not.toBe(digestKey({ ...key, body: other.body }, pepper))
    expect(digest).not.toBe(digestKey(key, hmacOf('another pepper')))
    expect(digest).not.toBe(Buffer.from(pepper(key.body)).toString('hex'))
  })
})

describe('the Authorization header', () => {
  test.each([
    ['none', null],
    ['empty', ''],
    ['blank', '   '],
    ['a tab', '\t'],
    ['the scheme alone', 'Bearer'],
    ['the scheme alone, small', 'bearer '],
    ['the scheme and blanks', 'BEARER \t '],
  ])('%s is missing_authorization', (_name, header) => {
    expect(parseAuthorization(header)).toBe('missing_authorization')
  })

  test.each([
    ['the bare key', K],
    ['Basic', 'Basic dXNlcjpwYXNzd29yZA=='],
    ['Basic with a key as user', `Basic ${Buffer.from(`${K}:`).toString('base64')}`],
    ['Token', `Token ${K}`],
    ['ApiKey', `ApiKey ${K}`],
    ['a colon', `Bearer:${K}`],
    ['an equals sign', `Bearer=${K}`],
    ['no space at all', `Bearer${K}`],
    ['Bearers', `Bearers ${K}`],
    ['quotes around everything', `"Bearer ${K}"`],
    ['the header’s name inside', `Authorization: Bearer ${K}`],
    ['another scheme in front', `Basic x, Bearer ${K}`],
    ['a dotted capital İ look-alike', `Вearer ${K}`],
  ])('%s is missing_bearer_prefix', (_name, header) => {
    expect(parseAuthorization(header)).toBe('missing_bearer_prefix')
  })

  test.each([
    ['two spaces', `Bearer  ${K}`],
    ['a tab for the space', `Bearer\t${K}`],
    ['a space and a tab', `Bearer \t${K}`],
    ['a space in front', ` Bearer ${K}`],
    ['a space behind', `Bearer ${K} `],
    ['a line break behind', `Bearer ${K}\n`],
    ['CR LF behind', `Bearer ${K}\r\n`],
    ['a line break between', `Bearer\n${K}`],
    ['a folded line', `Bearer ${K.slice(0, 20)}\r\n ${K.slice(20)}`],
    ['a space inside', `Bearer ${K.slice(0, 20)} ${K.slice(20)}`],
    ['a no-break space in front', `Bearer \u00a0${K}`],
    ['two keys', `Bearer ${K} ${K}`],
    ['two headers joined', `Bearer ${K}, Bearer ${K}`],
    ['the scheme twice', `Bearer Bearer ${K}`],
    ['[object Object]', 'Bearer [object Object]'],
  ])('%s is whitespace_in_key', (_name, header) => {
    expect(parseAuthorization(header)).toBe('whitespace_in_key')
  })

  test.each([
    ['undefined', 'undefined'],
    ['null', 'null'],
    ['an unexpanded variable', '$TWIG_API_KEY'],
    ['a prefix alone', 'twigsk_'],
    ['a prefix and environment alone', 'twigsk_live_'],
    ['another product’s prefix', K.replace('twigsk', 'sk')],
    ['a capital prefix', K.replace('twigsk', 'TWIGSK')],
    ['a capital environment', K.replace('live', 'Live')],
    ['an unknown environment', K.replace('live', 'prod')],
    ['no environment', K.replace('live_', '')],
    ['one character less', K.slice(0, -1)],
    ['one character more', `${K}0`],
    ['a key without its tag', K.slice(0, -8)],
    ['quotes', `"${K}"`],
    ['angle brackets', `<${K}>`],
    ['a comma', `${K},`],
    ['two keys and a comma', `${K},${K}`],
    ['a percent-encoded letter', K.replace('t', '%74')],
    ['a hyphen inside', withCharacter(30, '-')],
    ['an underscore inside', withCharacter(30, '_')],
    ['a NUL inside', withCharacter(30, '\0')],
    ['a NUL behind', `${K}\0`],
    ['a zero-width space', `${K}\u200b`],
    ['a Cyrillic look-alike', withCharacter(30, '\u0430')],
    ['a full-width digit', withCharacter(30, '\uff11')],
    ['a soft hyphen', `${K.slice(0, 30)}\u00ad${K.slice(30)}`],
    ['the mask', maskKey('live', K.slice(12, 16), K.slice(-4))],
    ['10 kB', 'a'.repeat(10_240)],
    ['a key of 10 kB', `${K}${'a'.repeat(10_240)}`],
    ['a session token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl'],
    ['a wildcard', '*'],
    ['an SQL quote', "' OR '1'='1".replaceAll(' ', '')],
  ])('%s is invalid_key_format', (_name, credential) => {
    expect(parseAuthorization(`Bearer ${credential}`)).toBe('invalid_key_format')
  })

  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('takes the scheme in any case: %s', (scheme) => {
    expect(parseAuthorization(`${scheme} ${K}`)).toEqual(parseKey(K))
  })

  test('is judged in time that does not explode, whatever is sent', () => {
    const hostile = [
      `Bearer${' '.repeat(50_000)}x`,
      `${' '.repeat(50_000)}Bearer`,
      `Bearer ${'\t'.repeat(50_000)}`,
    ]
    const start = performance.now()
    for (const header of hostile) expect(typeof parseAuthorization(header)).toBe('string')
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
