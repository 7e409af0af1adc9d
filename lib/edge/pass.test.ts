import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Hmac } from '../core/hmac'
import { signJws } from '../core/jws'
import { readSession, signSession } from '../core/session'
import { isInternalCall, type PassFacts, readPass, signInternalCall, signPass } from './pass'

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
    expect(await readPass(await signPass(facts, hmac, NOW), hmac, NOW)).toEqual(facts)
  })

  test('keeps method, path and query for the reader to compare', async () => {
    const read = await readPass(
      await signPass({ ...user, m: 'DELETE', p: '/x', q: '?a=ü' }, hmac, NOW),
      hmac,
      NOW,
    )
    expect(read).toMatchObject({ m: 'DELETE', p: '/x', q: '?a=ü' })
  })

  test('is good for 30 s and not a second longer', async () => {
    const token = await signPass(key, hmac, NOW)
    expect(await readPass(token, hmac, NOW + 29)).toEqual(key)
    expect(await readPass(token, hmac, NOW + 30)).toBeNull()
    expect(await readPass(token, hmac, NOW + 3600)).toBeNull()
  })

  test('of a clock far ahead is none: nobody can be given a pass for tomorrow', async () => {
    const token = await signPass(key, hmac, NOW)
    expect(await readPass(token, hmac, NOW - 30)).toEqual(key)
    expect(await readPass(token, hmac, NOW - 31)).toBeNull()
    const forever = { ...key, aud: 'twig:pass', exp: NOW + 10 * 365 * 86_400 }
    expect(await readPass(await signJws(forever, hmac), hmac, NOW)).toBeNull()
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
    expect(await readPass(await signJws(claims, hmac), hmac, NOW)).toBeNull()
  })

  test('of another secret, altered anywhere, or absent is none', async () => {
    const token = await signPass(key, hmac, NOW)
    expect(await readPass(await signPass(key, other, NOW), hmac, NOW)).toBeNull()
    for (let at = 0; at < token.length; at += 3) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect(await readPass(changed, hmac, NOW), String(at)).toBeNull()
    }
    for (const none of [null, '', 'x', '..', `${token} `, `Bearer ${token}`]) {
      expect(await readPass(none, hmac, NOW)).toBeNull()
    }
  })

  test('can be read however long the address was; a person’s query of 800 characters is still there', async () => {
    const kept = { ...user, q: `?${'"\\'.repeat(399)}`, p: `/${'a'.repeat(299)}` }
    expect(await readPass(await signPass(kept, hmac, NOW), hmac, NOW)).toEqual(kept)
    for (const facts of [key, user, anonymous]) {
      for (const length of [801, 2000, 4000, 8000, 16_000]) {
        const long = { ...facts, q: `?${'a'.repeat(length - 1)}`, p: `/${'b'.repeat(length)}` }
        const read = await readPass(await signPass(long, hmac, NOW), hmac, NOW)
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
      const token = await signPass({ ...longest, q: `?${'"\\'.repeat(399)}` }, hmac, NOW)
      expect(await readPass(token, hmac, NOW), character).toEqual(longest)
    }
  })
})

describe('even where all secrets were the same', () => {
  test('a session token is no pass and no internal call', async () => {
    const session = await signSession({ sub: 'user_1', sid: 'sess_1', org: 'org_1' }, hmac, NOW)
    expect(await readPass(session, hmac, NOW)).toBeNull()
    expect(await isInternalCall(session, '/api/internal/verify-key', null, hmac, NOW)).toBe(false)
  })

  test('a pass is no session and no internal call', async () => {
    for (const facts of [key, user, anonymous]) {
      const pass = await signPass(facts, hmac, NOW)
      expect(await readSession(pass, hmac, NOW)).toBe('invalid')
      expect(await isInternalCall(pass, facts.p, null, hmac, NOW)).toBe(false)
    }
  })

  test('an internal call’s signature is no pass and no session', async () => {
    const token = await signInternalCall('/agents', '{}', hmac, NOW)
    expect(await readPass(token, hmac, NOW)).toBeNull()
    expect(await readSession(token, hmac, NOW)).toBe('invalid')
  })
})

describe('an internal call', () => {
  const PATH = '/api/internal/verify-key'
  const BODY = '{"credential":"twigsk_live_x"}'
  const sign = (path = PATH, body = BODY, at = NOW) => signInternalCall(path, body, hmac, at)

  test('is known by its path and body, or by its path where the body is not at hand', async () => {
    expect(await isInternalCall(await sign(), PATH, BODY, hmac, NOW)).toBe(true)
    expect(await isInternalCall(await sign(), PATH, null, hmac, NOW)).toBe(true)
  })

  test.each([
    ['another path', '/api/internal/other', BODY],
    ['a longer path', `${PATH}/`, BODY],
    ['another body', PATH, '{"credential":"twigsk_live_y"}'],
    ['an empty body', PATH, ''],
    ['the same JSON with a space', PATH, '{"credential": "twigsk_live_x"}'],
  ])('is none for %s', async (_name, path, body) => {
    expect(await isInternalCall(await sign(), path, body, hmac, NOW)).toBe(false)
  })

  test('is good for 15 s and not a second longer, and not from a clock far ahead', async () => {
    const token = await sign()
    expect(await isInternalCall(token, PATH, BODY, hmac, NOW + 14)).toBe(true)
    expect(await isInternalCall(token, PATH, BODY, hmac, NOW + 15)).toBe(false)
    expect(await isInternalCall(token, PATH, BODY, hmac, NOW - 45)).toBe(true)
    expect(await isInternalCall(token, PATH, BODY, hmac, NOW - 46)).toBe(false)
  })

  test.each([
    ['no exp', { exp: undefined }],
    ['a string exp', { exp: String(NOW + 15) }],
    ['an exp in years', { exp: NOW + 86_400_000 }],
    ['another audience', { aud: 'twig:pass' }],
    ['no audience', { aud: undefined }],
    ['no digest of the body', { b: undefined }],
  ])('with %s is none although its signature is ours', async (_name, changes) => {
    const digest = Buffer.from(await hmac(BODY)).toString('hex')
    const claims = { aud: 'twig:internal', p: PATH, b: digest, exp: NOW + 15 }
    expect(await isInternalCall(await signJws(claims, hmac), PATH, BODY, hmac, NOW)).toBe(true)
    expect(await isInternalCall(await signJws({ ...claims, ...changes }, hmac), PATH, BODY, hmac, NOW)).toBe(
      false,
    )
  })

  test('of another secret, or without a signature, is none', async () => {
    expect(await isInternalCall(await signInternalCall(PATH, BODY, other, NOW), PATH, BODY, hmac, NOW)).toBe(
      false,
    )
    for (const none of [null, '', 'x', 'a.b.c']) {
      expect(await isInternalCall(none, PATH, BODY, hmac, NOW)).toBe(false)
    }
  })
})
