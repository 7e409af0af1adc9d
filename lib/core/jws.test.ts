import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { CompactSign, compactVerify, FlattenedSign } from 'jose'
import { describe, expect, test } from 'vitest'
import type { Hmac } from './hmac'
import { base64url, signJws, verifyJws } from './jws'

const secret = 'a secret of the tests, 32 characters or more'
const secretBytes = new TextEncoder().encode(secret)
const hmac: Hmac = (data) => createHmac('sha256', secret).update(data).digest()
const claims = { sub: 'user_1', n: 1 }

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token with the header and payload as given and a signature that is truly ours over them. */
async function forged(header: unknown, payload: unknown = claims): Promise<string> {
  const body = `${encode(header)}.${encode(payload)}`
  return `${body}.${base64url(hmac(body))}`
}

const good = signJws(claims, hmac)
const [H = '', P = '', S = ''] = good.split('.')

test('base64url is that of everybody, whatever the length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
    }),
    {
      examples: [
        [new Uint8Array(0)],
        [Uint8Array.of(251)],
        [Uint8Array.of(0, 255)],
        [Uint8Array.of(0, 0, 62)],
      ],
    },
  )
})

describe('a token of ours', () => {
  test('is read back as it was signed, and by jose too', async () => {
    expect(verifyJws(good, hmac)).toEqual(claims)
    const { payload } = await compactVerify(good, secretBytes, { algorithms: ['HS256'] })
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(claims)
  })

  test('made by jose is read, whatever JSON object it carries', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), async (value) => {
        const json = JSON.stringify(value)
        const bytes = new TextEncoder().encode(json)
        fc.pre(bytes.length < 2500)
        const token = await new CompactSign(bytes).setProtectedHeader({ alg: 'HS256' }).sign(secretBytes)
        expect(verifyJws(token, hmac)).toEqual(JSON.parse(json))
      }),
      { numRuns: 100 },
    )
  })
})

describe('the signature', () => {
  test('is refused with any one character of the token changed', async () => {
    for (let at = 0; at < good.length; at++) {
      for (const character of ['A', 'B', '_', '.', '=', ' ', '\0']) {
        if (good[at] === character) continue
        const changed = good.slice(0, at) + character + good.slice(at + 1)
        expect(verifyJws(changed, hmac), `${at} → ${character}`).toBeNull()
      }
    }
  })

  test('is refused under every other secret', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (other) => {
        const theirs: Hmac = (data) => createHmac('sha256', other).update(data).digest()
        expect(verifyJws(signJws(claims, theirs), hmac)).toBeNull()
      }),
      { numRuns: 100 },
    )
  })

  const encodings: [string, string][] = [
    ['absent', `${H}.${P}.`],
    ['absent with its dot', `${H}.${P}`],
    ['shortened', `${H}.${P}.${S.slice(0, -2)}`],
    ['one byte', `${H}.${P}.AA`],
    ['doubled', `${H}.${P}.${S}${S}`],
    ['padded', `${good}=`],
    ['padded twice', `${good}==`],
    ['in ordinary base64', `${H}.${P}.${Buffer.from(S, 'base64url').toString('base64')}`],
    ['with a line break', `${good}\n`],
    ['with a blank', `${good} `],
    ['with other trailing bits', `${good.slice(0, -1)}${trailing(good.slice(-1))}`],
    ['of all zeros', `${H}.${P}.${base64url(new Uint8Array(32))}`],
    ['a fourth part', `${good}.x`],
    ['an empty fourth part', `${good}.`],
    ['five parts as in a JWE', `${good}.x.y`],
    ['percent-encoded', good.replaceAll('.', '%2E')],
  ]
  test.each(encodings)('%s is refused', async (_name, token) => {
    expect(verifyJws(token, hmac)).toBeNull()
  })

  /** The same 6 bits but for the two that a 32-byte value does not use. */
  function trailing(digit: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return alphabet[alphabet.indexOf(digit) ^ 1] ?? ''
  }
})

describe('the algorithm', () => {
  test.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'HS512',
    'HS384',
    'hs256',
    'HS256 ',
    'RS256',
    'ES256',
    'EdDSA',
  ])('%s is refused, unsigned or with the signature of HS256', async (alg) => {
    const header = { alg, typ: 'JWT' }
    expect(verifyJws(await forged(header), hmac)).toBeNull()
    expect(verifyJws(`${encode(header)}.${P}.`, hmac)).toBeNull()
    expect(verifyJws(`${encode(header)}.${P}.${S}`, hmac)).toBeNull()
  })

  test.each([
    ['absent', {}],
    ['null', { alg: null }],
    ['a list', { alg: ['HS256'] }],
    ['true', { alg: true }],
  ])('%s is refused', async (_name, header) => {
    expect(verifyJws(await forged(header), hmac)).toBeNull()
  })

  test('HS512 with a true HS512 signature of our secret is refused', async () => {
    const token = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'HS512' })
      .sign(secretBytes)
    expect(verifyJws(token, hmac)).toBeNull()
  })

  test('RS256 with a true signature of a foreign key is refused', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const body = `${encode({ alg: 'RS256', typ: 'JWT' })}.${P}`
    const signature = createSign('RSA-SHA256').update(body).sign(privateKey).toString('base64url')
    expect(verifyJws(`${body}.${signature}`, hmac)).toBeNull()
  })
})

describe('the header', () => {
  test.each([
    ['kid', '1'],
    ['kid', '../../dev/null'],
    ['jku', 'https://evil.example/jwks.json'],
    ['jwk', { kty: 'oct', k: 'AA' }],
    ['x5u', 'https://evil.example/cert.pem'],
    ['x5c', ['MII']],
    ['x5t', 'AA'],
    ['crit', ['exp']],
    ['crit', []],
    ['b64', false],
    ['zip', 'DEF'],
    ['cty', 'JWT'],
    ['enc', 'A256GCM'],
    ['__proto__', { alg: 'HS256' }],
    ['ALG', 'none'],
  ])('with %s is refused although its signature is ours', async (name, value) => {
    const json = `{"alg":"HS256","typ":"JWT","${name}":${JSON.stringify(value)}}`
    expect(verifyJws(await forged(json), hmac)).toBeNull()
  })

  test.each(['JWE', 'jwt', 'at+jwt', '', null, 1, ['JWT']])('of type %j is refused', async (typ) => {
    expect(verifyJws(await forged({ alg: 'HS256', typ }), hmac)).toBeNull()
  })

  test.each(['null', '[]', '"HS256"', '1', '{', '', '{"alg":"HS256"}{}', '[{"alg":"HS256"}]'])(
    'that is %s is refused',
    async (json) => {
      expect(verifyJws(await forged(json), hmac)).toBeNull()
    },
  )
})

describe('the payload', () => {
  test.each(['null', '[]', '"x"', '1', 'true', '{', '{"a":1', '{"a":1}{}', '\ufeff {"a":1} x'])(
    '%s is refused although its signature is ours',
    async (json) => {
      expect(verifyJws(await forged({ alg: 'HS256' }, json), hmac)).toBeNull()
    },
  )

  test('that is not UTF-8 is refused', async () => {
    const payload = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url')
    const body = `${H}.${payload}`
    expect(verifyJws(`${body}.${base64url(hmac(body))}`, hmac)).toBeNull()
  })

  test('with a __proto__ member changes no prototype', async () => {
    const read = verifyJws(await forged({ alg: 'HS256' }, '{"__proto__":{"admin":true}}'), hmac)
    expect(read && Object.getPrototypeOf(read)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })
})

describe('the serialisation', () => {
  test('as flattened or general JSON is refused', async () => {
    const flat = await new FlattenedSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secretBytes)
    const { payload, ...signature } = flat
    expect(verifyJws(JSON.stringify(flat), hmac)).toBeNull()
    expect(verifyJws(JSON.stringify({ payload, signatures: [signature] }), hmac)).toBeNull()
  })

  test('longer than 4 KiB is refused before any arithmetic', async () => {
    let calls = 0
    const counting: Hmac = (data) => {
      calls += 1
      return hmac(data)
    }
    const long = signJws({ ...claims, padding: 'x'.repeat(4096) }, hmac)
    expect(verifyJws(long, counting)).toBeNull()
    expect(verifyJws('.'.repeat(1_000_000), counting)).toBeNull()
    expect(calls).toBe(0)
  })

  test('of any text at all is null or an object, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
        async (text) => {
          expect(verifyJws(text, hmac)).toBeNull()
          expect(verifyJws(`${H}.${text}.${S}`, hmac)).toBeNull()
        },
      ),
      { numRuns: 300 },
    )
  })
})
