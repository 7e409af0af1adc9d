import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Hmac } from '../core/hmac'
import { signJws } from '../core/jws'
import { readSession, signSession } from '../core/session'
import {
  handPass,
  isInternalCall,
  type PassFacts,
  readPass,
  signInternalCall,
  signPass,
  takeBackPass,
} from './pass'

const hmacOf =
  (secret: string): Hmac =>
  (data) =>
    createHmac('sha256', secret).update(data).digest()
const hmac = hmacOf('a gateway secret of the tests, long enough')
const other = hmacOf('another gateway secret, as long as the first')
const NOW = 1_800_000_000

const base = { m: 'GET', p: '/api/v1/agents', q: '?limit=1', requestId: 'req_1', clientIp: '192.0.2.7' }
const key: Extract<PassFacts, { kind: 'key' }> = {
  ...base,
  kind: 'key',
  q: '',
  keyId: 'key_1',
  keyName: 'CI',
  organizationId: 'org_1',
  environment: 'live',
  scopes: ['read'],
  organization: {
    slug: 'acme',
    name: 'Acme',
    plan: 'pro',
    perMinute: { read: 200, write: 10, execute: 100, admin: 50 },
    organizationPerMinute: { read: 2000, write: 100, execute: 1000, admin: 500 },
  },
  gateUs: 250,
}
const user: PassFacts = {
  ...base,
  kind: 'user',
  p: '/agents',
  userId: 'user_1',
  sessionId: 'sess_1',
  organizationId: 'org_1',
  issuedAt: NOW,
  expiresAt: NOW + 100,
}
const anonymous: PassFacts = { ...base, kind: 'anonymous', clientIp: null }

describe('a pass', () => {
  test.each([key, user, anonymous])('of kind $kind is read back with exactly its facts', async (facts) => {
    expect(readPass(signPass(facts, hmac, NOW), hmac, NOW)).toEqual(facts)
  })

  test('keeps method, path and query for the reader to compare', async () => {
    const read = readPass(signPass({ ...user, m: 'DELETE', p: '/x', q: '?a=ü' }, hmac, NOW), hmac, NOW)
    expect(read).toMatchObject({ m: 'DELETE', p: '/x', q: '?a=ü' })
  })

  test('is good for 30 s and not a second longer', async () => {
    const token = signPass(key, hmac, NOW)
    expect(readPass(token, hmac, NOW + 29)).toEqual(key)
    expect(readPass(token, hmac, NOW + 30)).toBeNull()
    expect(readPass(token, hmac, NOW + 3600)).toBeNull()
  })

  test('of a clock far ahead is none: nobody can be given a pass for tomorrow', async () => {
    const token = signPass(key, hmac, NOW)
    expect(readPass(token, hmac, NOW - 30)).toEqual(key)
    expect(readPass(token, hmac, NOW - 31)).toBeNull()
    const forever = { ...key, aud: 'twig:pass', exp: NOW + 10 * 365 * 86_400 }
    expect(readPass(signJws(forever, hmac), hmac, NOW)).toBeNull()
  })

  test.each([
    ['no exp', { exp: undefined }],
    ['a string exp', { exp: String(NOW + 30) }],
    ['a null exp', { exp: null }],
    ['no audience', { aud: undefined }],
    ['the audience of a session', { aud: 'twig:session' }],
    ['the audience of an internal call', { aud: 'twig:internal' }],
    ['a list of audiences', { aud: ['twig:pass'] }],
    ['an unknown kind', { kind: 'operator' }],
    ['no kind', { kind: undefined }],
    ['an unknown scope', { scopes: ['root'] }],
    ['no scopes', { scopes: undefined }],
    ['an unknown environment', { environment: 'prod' }],
    ['no organization', { organizationId: undefined }],
    ['no profile of the organization', { organization: undefined }],
    ['an unknown plan', { organization: { ...key.organization, plan: 'gold' } }],
    ['a limit missing', { organization: { ...key.organization, perMinute: { read: 1 } } }],
    ['no time of the gate', { gateUs: undefined }],
    ['a negative time of the gate', { gateUs: -1 }],
    ['no method', { m: undefined }],
    ['no path', { p: undefined }],
    ['a list for a path', { p: ['/api/v1/agents'] }],
  ])('with %s is none although its signature is ours', async (_name, changes) => {
    const claims = { ...key, aud: 'twig:pass', exp: NOW + 30, ...changes }
    expect(readPass(signJws(claims, hmac), hmac, NOW)).toBeNull()
  })

  test('of another secret, altered anywhere, or absent is none', async () => {
    const token = signPass(key, hmac, NOW)
    expect(readPass(signPass(key, other, NOW), hmac, NOW)).toBeNull()
    for (let at = 0; at < token.length; at += 3) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect(readPass(changed, hmac, NOW), String(at)).toBeNull()
    }
    for (const none of [null, '', 'x', '..', `${token} `, `Bearer ${token}`]) {
      expect(readPass(none, hmac, NOW)).toBeNull()
    }
  })

  test('can be read however long the address was; a person’s query of 800 characters is still there', async () => {
    const kept = { ...user, q: `?${'"\\'.repeat(399)}`, p: `/${'a'.repeat(299)}` }
    expect(readPass(signPass(kept, hmac, NOW), hmac, NOW)).toEqual(kept)
    for (const facts of [key, user, anonymous]) {
      for (const length of [801, 2000, 4000, 8000, 16_000]) {
        const long = { ...facts, q: `?${'a'.repeat(length - 1)}`, p: `/${'b'.repeat(length)}` }
        const read = readPass(signPass(long, hmac, NOW), hmac, NOW)
        expect(read).toMatchObject({ kind: facts.kind, q: '', p: `/${'b'.repeat(299)}` })
      }
    }
  })

  test('of a key can be read with the longest names, limits and address there are, and carries no query', async () => {
    const limits = { read: 10_000_000, write: 10_000_000, execute: 10_000_000, admin: 10_000_000 }
    for (const character of ['李', '"', '\\', 'é', '👩🏽‍💻']) {
      const organization = {
        slug: 'a'.repeat(48),
        name: `${character.repeat(100)}'s organization`,
        plan: 'enterprise' as const,
        perMinute: limits,
        organizationPerMinute: limits,
      }
      const keyName = character.repeat(100).slice(0, 100)
      const scopes = ['read' as const, 'write' as const, 'execute' as const, 'admin' as const]
      const longest = { ...key, keyName, organization, scopes, p: `/${'a'.repeat(299)}`, q: '' }
      const token = signPass({ ...longest, q: `?${'"\\'.repeat(399)}` }, hmac, NOW)
      expect(readPass(token, hmac, NOW), character).toEqual(longest)
    }
  })
})

describe('even where all secrets were the same', () => {
  test('a session token is no pass and no internal call', async () => {
    const session = signSession({ sub: 'user_1', sid: 'sess_1', org: 'org_1' }, hmac, NOW)
    expect(readPass(session, hmac, NOW)).toBeNull()
    expect(isInternalCall(session, '/api/internal/verify-key', null, hmac, NOW)).toBe(false)
  })

  test('a pass is no session and no internal call', async () => {
    for (const facts of [key, user, anonymous]) {
      const pass = signPass(facts, hmac, NOW)
      expect(readSession(pass, hmac, NOW)).toBe('invalid')
      expect(isInternalCall(pass, facts.p, null, hmac, NOW)).toBe(false)
    }
  })

  test('an internal call’s signature is no pass and no session', async () => {
    const token = signInternalCall('/agents', '{}', hmac, NOW)
    expect(readPass(token, hmac, NOW)).toBeNull()
    expect(readSession(token, hmac, NOW)).toBe('invalid')
  })
})

describe('an internal call', () => {
  const PATH = '/api/internal/verify-key'
  const BODY = '{"credential":"twigsk_live_x"}'
  const sign = (path = PATH, body = BODY, at = NOW) => signInternalCall(path, body, hmac, at)

  test('is known by its path and body, or by its path where the body is not at hand', async () => {
    expect(isInternalCall(await sign(), PATH, BODY, hmac, NOW)).toBe(true)
    expect(isInternalCall(await sign(), PATH, null, hmac, NOW)).toBe(true)
  })

  test.each([
    ['another path', '/api/internal/other', BODY],
    ['a longer path', `${PATH}/`, BODY],
    ['another body', PATH, '{"credential":"twigsk_live_y"}'],
    ['an empty body', PATH, ''],
    ['the same JSON with a space', PATH, '{"credential": "twigsk_live_x"}'],
  ])('is none for %s', async (_name, path, body) => {
    expect(isInternalCall(await sign(), path, body, hmac, NOW)).toBe(false)
  })

  test('is good for 15 s and not a second longer, and not from a clock far ahead', async () => {
    const token = await sign()
    expect(isInternalCall(token, PATH, BODY, hmac, NOW + 14)).toBe(true)
    expect(isInternalCall(token, PATH, BODY, hmac, NOW + 15)).toBe(false)
    expect(isInternalCall(token, PATH, BODY, hmac, NOW - 45)).toBe(true)
    expect(isInternalCall(token, PATH, BODY, hmac, NOW - 46)).toBe(false)
  })

  test.each([
    ['no exp', { exp: undefined }],
    ['a string exp', { exp: String(NOW + 15) }],
    ['an exp in years', { exp: NOW + 86_400_000 }],
    ['another audience', { aud: 'twig:pass' }],
    ['no audience', { aud: undefined }],
    ['no digest of the body', { b: undefined }],
  ])('with %s is none although its signature is ours', async (_name, changes) => {
    const digest = Buffer.from(hmac(BODY)).toString('hex')
    const claims = { aud: 'twig:internal', p: PATH, b: digest, exp: NOW + 15 }
    expect(isInternalCall(signJws(claims, hmac), PATH, BODY, hmac, NOW)).toBe(true)
    expect(isInternalCall(signJws({ ...claims, ...changes }, hmac), PATH, BODY, hmac, NOW)).toBe(false)
  })

  test('of another secret, or without a signature, is none', async () => {
    expect(isInternalCall(signInternalCall(PATH, BODY, other, NOW), PATH, BODY, hmac, NOW)).toBe(false)
    for (const none of [null, '', 'x', 'a.b.c']) {
      expect(isInternalCall(none, PATH, BODY, hmac, NOW)).toBe(false)
    }
  })
})

describe('a pass handed on within the process', () => {
  const facts = {
    kind: 'anonymous',
    m: 'GET',
    p: '/login',
    q: '',
    requestId: 'req_1',
    clientIp: null,
  } as const

  test('stands for its facts for 30 s, until it is taken back', () => {
    const pass = handPass(facts, NOW)
    expect(readPass(pass, hmac, NOW + 29)).toEqual(facts)
    expect(readPass(pass, hmac, NOW + 30)).toBeNull()
    takeBackPass(pass)
    expect(readPass(pass, hmac, NOW)).toBeNull()
  })

  test('tells nothing of itself, and never twice the same', () => {
    const passes = new Set(Array.from({ length: 1_000 }, () => handPass(facts, NOW)))
    expect(passes.size).toBe(1_000)
    for (const pass of passes) {
      expect(pass).toMatch(/^[0-9A-Za-z]{24}$/)
      takeBackPass(pass)
    }
  })
})
