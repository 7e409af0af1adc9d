import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { jwtVerify, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import type { Hmac } from './hmac'
import { signJws } from './jws'
import {
  REFRESH_BEFORE_SECONDS,
  RENEW_AFTER_SECONDS,
  readSession,
  SESSION_COOKIE,
  SESSION_TTL_SECONDS,
  sessionCookieOptions,
  sessionCookies,
  sessionSetCookie,
  shouldRenew,
  signSession,
} from './session'

const secret = 'a session secret of the tests, long enough'
const secretBytes = new TextEncoder().encode(secret)
const hmac: Hmac = (data) => createHmac('sha256', secret).update(data).digest()
const WEEK = 7 * 24 * 3600
const NOW = 1_800_000_000
const session = { sub: 'user_1', sid: 'sess_1', org: 'org_1' }
const claims = { iss: 'twig', aud: 'twig:session', ...session, iat: NOW, exp: NOW + WEEK }

/** A token with our signature whose claims are as given; undefined leaves a claim out. */
function signed(changes: Record<string, unknown>): string {
  return signJws({ ...claims, ...changes }, hmac)
}

describe('a signed session', () => {
  test('is read back at once, with the times it was given', async () => {
    const token = signSession(session, hmac, NOW)
    expect(readSession(token, hmac, NOW)).toEqual({ ...session, iat: NOW, exp: NOW + WEEK })
  })

  test('lives exactly seven days, in exp and in the cookie alike', async () => {
    const read = readSession(signSession(session, hmac, NOW), hmac, NOW)
    expect(read).toMatchObject({ exp: NOW + 604_800 })
    expect(SESSION_TTL_SECONDS).toBe(604_800)
    expect(sessionSetCookie('x', true)).toContain('Max-Age=604800')
    expect(sessionCookieOptions(true).maxAge).toBe(604_800)
  })

  test('is good one second before its seven days are over and expired at the very second', async () => {
    const token = signSession(session, hmac, NOW)
    expect(readSession(token, hmac, NOW + WEEK - 1)).toMatchObject(session)
    expect(readSession(token, hmac, NOW + WEEK)).toBe('expired')
    expect(readSession(token, hmac, NOW + WEEK + 1)).toBe('expired')
    expect(readSession(token, hmac, NOW + 10 * WEEK)).toBe('expired')
  })

  test('verifies in jose under the same secret, issuer and audience', async () => {
    const token = signSession(session, hmac, NOW)
    const { payload, protectedHeader } = await jwtVerify(token, secretBytes, {
      algorithms: ['HS256'],
      issuer: 'twig',
      audience: 'twig:session',
      currentDate: new Date(NOW * 1000),
    })
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(payload).toEqual(claims)
  })

  test('made by jose under the same secret is ours, with and without typ', async () => {
    for (const header of [{ alg: 'HS256', typ: 'JWT' }, { alg: 'HS256' }, { typ: 'JWT', alg: 'HS256' }]) {
      const token = await new SignJWT(claims).setProtectedHeader(header).sign(secretBytes)
      expect(readSession(token, hmac, NOW)).toMatchObject(session)
    }
  })

  test('carries whatever ids it was made with', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^\w{1,64}$/), fc.nat(2_000_000_000), async (id, now) => {
        const given = { sub: `user_${id}`, sid: `sess_${id}`, org: `org_${id}` }
        const read = readSession(signSession(given, hmac, now), hmac, now)
        expect(read).toEqual({ ...given, iat: now, exp: now + WEEK })
      }),
      { numRuns: 100 },
    )
  })
})

describe('no session', () => {
  test.each([null, undefined, ''])('%s is absent, not invalid', async (token) => {
    expect(readSession(token, hmac, NOW)).toBe('absent')
  })

  test.each(['x', 'a.b', 'a.b.c', 'null', '..', '{}', 'Bearer x', 'a.b.c.d', '😀.😀.😀'])(
    '%s is invalid and does not throw',
    async (token) => {
      expect(readSession(token, hmac, NOW)).toBe('invalid')
    },
  )

  test('a token of another secret is invalid', async () => {
    const other: Hmac = (data) => createHmac('sha256', `${secret}.`).update(data).digest()
    expect(readSession(signSession(session, other, NOW), hmac, NOW)).toBe('invalid')
    const empty: Hmac = (data) => createHmac('sha256', '').update(data).digest()
    expect(readSession(signSession(session, empty, NOW), hmac, NOW)).toBe('invalid')
  })
})

describe('claims that our own signature does not save', () => {
  const wrong: [string, Record<string, unknown>][] = [
    ['another issuer', { iss: 'twig2' }],
    ['an issuer in capitals', { iss: 'Twig' }],
    ['no issuer', { iss: undefined }],
    ['a list of issuers', { iss: ['twig'] }],
    ['another audience', { aud: 'twig:pass' }],
    ['the audience of internal calls', { aud: 'twig:internal' }],
    ['a list of audiences', { aud: ['twig:session'] }],
    ['no audience', { aud: undefined }],
    ['no subject', { sub: undefined }],
    ['a subject of another kind', { sub: 'org_1' }],
    ['an empty subject', { sub: '' }],
    ['a subject that is only a prefix', { sub: 'user_' }],
    ['a numeric subject', { sub: 1 }],
    ['a subject with a path', { sub: 'user_1/../2' }],
    ['a subject with a line break', { sub: 'user_1\n' }],
    ['a subject with a NUL', { sub: 'user_1\0' }],
    ['a list of subjects', { sub: ['user_1'] }],
    ['no session id', { sid: undefined }],
    ['a session id of another kind', { sid: 'key_1' }],
    ['a session id with a space', { sid: 'sess_1 2' }],
    ['an object for a session id', { sid: { $ne: null } }],
    ['no organization', { org: undefined }],
    ['a null organization', { org: null }],
    ['an organization of another kind', { org: 'user_1' }],
    ['an organization with a wildcard', { org: 'org_*' }],
    ['no iat', { iat: undefined }],
    ['a string iat', { iat: String(NOW) }],
    ['a fractional iat', { iat: NOW - 0.5 }],
    ['a negative iat', { iat: -1, exp: NOW + 10 }],
    ['iat in milliseconds', { iat: NOW * 1000, exp: NOW * 1000 + WEEK }],
    ['no exp', { exp: undefined }],
    ['a null exp', { exp: null }],
    ['a string exp', { exp: String(NOW + 100) }],
    ['a fractional exp', { exp: NOW + 100.5 }],
    ['a negative exp', { exp: -1 }],
    ['an exp past all integers', { exp: 1e300 }],
    ['an exp that is true', { exp: true }],
    ['an exp one second past seven days', { exp: NOW + WEEK + 1 }],
    ['an exp of thirty days', { exp: NOW + 30 * 24 * 3600 }],
    ['an iat 16 s in the future', { iat: NOW + 16, exp: NOW + WEEK }],
    ['an nbf 16 s in the future', { nbf: NOW + 16 }],
    ['a string nbf', { nbf: String(NOW) }],
    ['a null nbf', { nbf: null }],
    ['a fractional nbf', { nbf: NOW - 0.5 }],
    ['a negative nbf', { nbf: -5 }],
  ]
  test.each(wrong)('%s is invalid', async (_name, changes) => {
    expect(readSession(await signed(changes), hmac, NOW)).toBe('invalid')
  })

  test('an iat and an nbf at most 15 s in the future pass for a clock that runs a little behind', async () => {
    for (const ahead of [0, 1, 15]) {
      expect(readSession(await signed({ iat: NOW + ahead }), hmac, NOW)).toMatchObject(session)
      expect(readSession(await signed({ nbf: NOW + ahead }), hmac, NOW)).toMatchObject(session)
    }
  })

  test('no tolerance is given to exp', async () => {
    expect(readSession(await signed({ exp: NOW + 1 }), hmac, NOW)).toMatchObject(session)
    expect(readSession(await signed({ exp: NOW }), hmac, NOW)).toBe('expired')
    expect(readSession(await signed({ exp: NOW - 1, iat: NOW - 2 }), hmac, NOW)).toBe('expired')
  })

  test('further claims are neither refused nor passed on', async () => {
    const read = readSession(await signed({ role: 'owner', scopes: ['admin'] }), hmac, NOW)
    expect(read).toEqual({ ...session, iat: NOW, exp: NOW + WEEK })
  })
})

describe('renewal', () => {
  const at = (iat: number) => ({ ...session, iat, exp: iat + WEEK })

  test('is due from 60 s after signing on and not a second before', () => {
    expect(RENEW_AFTER_SECONDS).toBe(60)
    expect(shouldRenew(at(NOW), NOW)).toBe(false)
    expect(shouldRenew(at(NOW), NOW + 59)).toBe(false)
    expect(shouldRenew(at(NOW), NOW + 60)).toBe(true)
    expect(shouldRenew(at(NOW), NOW + 3600)).toBe(true)
  })

  test('is not due for a token signed by a clock that is ahead', () => {
    expect(shouldRenew(at(NOW + 15), NOW)).toBe(false)
  })

  test('keeps a person who comes by every six days signed in, and ends after seven idle days', async () => {
    let now = NOW
    let token = signSession(session, hmac, now)
    for (let visit = 0; visit < 10; visit++) {
      now += 6 * 24 * 3600
      const read = readSession(token, hmac, now)
      if (typeof read === 'string') throw new Error(`visit ${visit} found the session ${read}`)
      expect(shouldRenew(read, now)).toBe(true)
      token = signSession(read, hmac, now)
    }
    expect(readSession(token, hmac, now + WEEK - 1)).toMatchObject(session)
    expect(readSession(token, hmac, now + WEEK)).toBe('expired')
  })

  test('of an open tab comes one hour before expiry', () => {
    expect(REFRESH_BEFORE_SECONDS).toBe(3600)
  })
})

describe('the cookie', () => {
  test('is httpOnly, SameSite=Lax, at the root path, seven days, and Secure where asked', () => {
    expect(sessionSetCookie('a.b.c', true)).toBe(
      'twig_session=a.b.c; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure',
    )
    expect(sessionSetCookie('a.b.c', false)).toBe(
      'twig_session=a.b.c; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax',
    )
    for (const secure of [true, false]) {
      expect(sessionCookieOptions(secure)).toEqual({
        httpOnly: true,
        secure,
        sameSite: 'lax',
        path: '/',
        maxAge: 604_800,
      })
    }
  })

  test('is never given a Domain, so that siblings of the host do not receive it', () => {
    expect(sessionSetCookie('a.b.c', true)).not.toMatch(/domain/i)
  })

  test('is cleared with the attributes it was set with', () => {
    expect(sessionSetCookie('', true)).toBe(
      'twig_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    )
  })

  test('is named twig_session', () => {
    expect(SESSION_COOKIE).toBe('twig_session')
  })
})

describe('reading the Cookie header', () => {
  const cases: [string, string | null, string[]][] = [
    ['nothing', null, []],
    ['an empty header', '', []],
    ['our cookie alone', 'twig_session=A', ['A']],
    ['ours among others', 'theme=dark; twig_session=A; lang=en', ['A']],
    ['no space after the semicolon', 'a=1;twig_session=A;b=2', ['A']],
    ['spaces about name and value', ' twig_session = A ', ['A']],
    ['a longer name', 'twig_session_x=EVIL', []],
    ['next-auth’s chunk', 'twig_session.0=EVIL; twig_session.1=EVIL', []],
    ['a prefix', '__Host-twig_session=EVIL; xtwig_session=EVIL', []],
    ['another case', 'TWIG_SESSION=EVIL; Twig_Session=EVIL', []],
    ['siblings about the good one', 'twig_session_x=E; twig_session=A; twig_session.0=E', ['A']],
    ['two of ours, in order', 'twig_session=A; twig_session=B', ['A', 'B']],
    ['an empty one and a good one', 'twig_session=; twig_session=B', ['B']],
    ['a name without a value', 'twig_session', []],
    ['a nameless value', '=twig_session=A', []],
    ['a value with an equals sign', 'twig_session=A=B', ['A=B']],
    ['our name inside another value', 'x=twig_session=EVIL', []],
    ['an encoded name', 'twig%5Fsession=EVIL', []],
    ['only separators', ';;;;', []],
  ]
  test.each(cases)('%s', (_name, header, values) => {
    expect(sessionCookies(header)).toEqual(values)
  })

  test('looks at no more than four, so that a flood of cookies costs no flood of HMACs', () => {
    const flood = Array.from({ length: 500 }, (_, i) => `twig_session=v${i}`).join('; ')
    expect(sessionCookies(flood)).toEqual(['v0', 'v1', 'v2', 'v3'])
    expect(sessionCookies(`${'twig_session=; '.repeat(20)}twig_session=good`)).toEqual(['good'])
  })
})
