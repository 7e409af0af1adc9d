import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { cache } from '../store/cache'
import { closeDb, db } from '../store/db'
import { changePassword, findPassword, signInWithPassword, startSessionForPassword } from './passwords'
import { findActiveSession } from './sessions'
import { personAlone } from './testing/tenants'
import { countAttempt, signInAttempt, strengthAttempt } from './throttle'
import { setPassword } from './users'

// What is hashed anew, and guesses at nobody, have bcrypt's full cost, which a busy machine takes its time for.
vi.setConfig({ testTimeout: 120_000 })

const PASSWORD = 'violet harbour lamp 42'
const OTHER = 'copper meadow clock 77'
const now = () => Math.floor(Date.now() / 1000)

let email = ''
let userId = ''
let host = 0

beforeEach(async () => {
  email = `${randomUUID()}@passwords.example`
  host += 1
  userId = (await personAlone({ email, password: PASSWORD, name: 'Ada' })).id
})
afterAll(closeDb)

const origin = (n = 1) => ({ clientIp: `198.51.${host}.${n}`, userAgent: 'curl/8.0' })
const signIn = (password = PASSWORD, n = 1) => signInWithPassword({ email, password }, origin(n))
const active = (sessionId: string) => findActiveSession({ userId, sessionId, issuedAt: now() })

async function principal(): Promise<UserPrincipal> {
  const { sid, org } = await signIn()
  return { kind: 'user', userId, sessionId: sid, organizationId: org, role: 'owner', environment: 'live' }
}

/** Guesses from one place, counted as those of signing in are, without the work of judging them. */
async function countGuesses(guesses: number, n: number): Promise<void> {
  const attempt = signInAttempt({ email, clientIp: origin(n).clientIp, known: false })
  for (let guess = 0; guess < guesses; guess++) await countAttempt(attempt)
}

async function failure(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  return error instanceof Error ? { ...error, message: error.message } : error
}

describe('signInWithPassword', () => {
  it('starts a session for the right password', async () => {
    const { sid, sub } = await signIn()
    expect(sub).toBe(userId)
    expect(await active(sid)).toMatchObject({ user: { email }, role: 'owner' })
  })

  it('says exactly the same for a wrong password as for an account that is not there', async () => {
    const wrong = await failure(signIn(OTHER))
    const nobody = await failure(signInWithPassword({ email: `no-${email}`, password: OTHER }, origin()))
    expect(wrong).toMatchObject({ code: 'invalid_credentials' })
    expect(nobody).toEqual(wrong)
  })

  it('throttles both alike from the eleventh guess on, the right password included', async () => {
    for (const target of [email, `no-${email}`]) {
      const guess = (password: string) =>
        failure(signInWithPassword({ email: target, password }, origin(target.length)))
      const before = Date.now()
      for (let n = 0; n < 10; n++) expect(await guess(OTHER)).toMatchObject({ code: 'invalid_credentials' })
      const refused = await guess(PASSWORD)
      const spentSeconds = (Date.now() - before) / 1000
      expect(refused).toMatchObject({ code: 'too_many_failed_attempts' })
      const { retryAfterSeconds } = refused as { retryAfterSeconds: number }
      expect(retryAfterSeconds).toBeLessThanOrEqual(60)
      expect(retryAfterSeconds).toBeGreaterThanOrEqual(60 - spentSeconds)
    }
  })

  it('judges at most ten of a hundred guesses sent at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => failure(signIn(OTHER))))
    const judged = outcomes.filter((outcome) => (outcome as { code?: string }).code === 'invalid_credentials')
    expect(judged).toHaveLength(10)
  })

  it('lets the owner in at a known place while somebody fails elsewhere on purpose', async () => {
    await signIn(PASSWORD, 1)
    for (let n = 2; n <= 5; n++) await countGuesses(10, n)
    await countGuesses(9, 6)
    expect(await failure(signIn(OTHER, 6))).toMatchObject({ code: 'invalid_credentials' })
    expect(await failure(signIn(PASSWORD, 99))).toMatchObject({ code: 'too_many_failed_attempts' })
    expect(await signIn(PASSWORD, 1)).toHaveProperty('sid')
  })

  it('forgets earlier slips after a success', async () => {
    for (let round = 0; round < 2; round++) {
      await countGuesses(8, 1)
      expect(await failure(signIn(OTHER))).toMatchObject({ code: 'invalid_credentials' })
      await signIn()
    }
  })

  it('starts nothing for a password that was changed while it was judged', async () => {
    const found = await findPassword(email)
    if (!found) throw new Error('no password')
    await setPassword({ email, password: OTHER })
    await expect(startSessionForPassword(found, origin())).rejects.toMatchObject({
      code: 'invalid_credentials',
    })
  })

  it('leaves no session alive when it races a change of the password', async () => {
    // Of the real cost: it is its judgement that the change overtakes.
    await setPassword({ email, password: PASSWORD })
    const me = await principal()
    const change = changePassword(me, { currentPassword: PASSWORD, newPassword: OTHER })
    const racing = []
    // Some are judged before the change is stored, some look the old password up before and are judged after.
    for (let n = 0; n < 8; n++) {
      racing.push(signIn(PASSWORD, 50 + n).catch(() => null))
      await sleep(100)
    }
    await change
    for (const session of await Promise.all(racing)) {
      if (session) expect(await active(session.sid)).toEqual({ ended: 'password_changed' })
    }
  })
})

describe('changePassword', () => {
  it('ends every other session, on every process, and keeps this one', async () => {
    const me = await principal()
    const other = await signIn()
    expect(await changePassword(me, { currentPassword: PASSWORD, newPassword: OTHER })).toEqual({ ended: 1 })
    expect(await active(me.sessionId)).toHaveProperty('user')
    expect(await active(other.sid)).toEqual({ ended: 'password_changed' })
    expect(await cache().get(`s:${other.sid}`)).toBe('password_changed')
    expect(await failure(signIn(PASSWORD))).toMatchObject({ code: 'invalid_credentials' })
    expect(await signIn(OTHER)).toHaveProperty('sid')
  })

  it('names the field when the present password is wrong, and changes nothing', async () => {
    const me = await principal()
    const wrong = await failure(changePassword(me, { currentPassword: OTHER, newPassword: OTHER }))
    expect(wrong).toMatchObject({
      code: 'invalid_request',
      details: { fields: { currentPassword: expect.any(String) } },
    })
    expect(await signIn(PASSWORD)).toHaveProperty('sid')
  })

  it('throttles guesses at the present password', async () => {
    const me = await principal()
    const guess = () => failure(changePassword(me, { currentPassword: OTHER, newPassword: OTHER }))
    for (let n = 0; n < 10; n++) expect(await guess()).toMatchObject({ code: 'invalid_request' })
    expect(await guess()).toMatchObject({ code: 'too_many_failed_attempts' })
  })

  it('refuses a guessable one, and one made of the own name', async () => {
    const me = await principal()
    for (const newPassword of ['password1234', email]) {
      const refused = await failure(changePassword(me, { currentPassword: PASSWORD, newPassword }))
      expect(refused).toMatchObject({
        code: 'invalid_request',
        details: { fields: { newPassword: expect.any(String) } },
      })
    }
  })

  it('counts every judgement of a new one, before it is made', async () => {
    const me = await principal()
    for (let n = 0; n < 60; n++) await countAttempt(strengthAttempt(userId))
    const refused = failure(changePassword(me, { currentPassword: PASSWORD, newPassword: 'password1234' }))
    expect(await refused).toMatchObject({ code: 'too_many_failed_attempts' })
  })

  it('writes an audit row without a trace of either password', async () => {
    const me = await principal()
    await changePassword(me, { currentPassword: PASSWORD, newPassword: OTHER })
    const rows = await db().auditLog.findMany({ where: { actorId: userId } })
    expect(rows.map(({ action }) => action)).toContain('user.password_changed')
    expect(JSON.stringify(rows)).not.toMatch(/violet|copper|\$2[aby]\$/)
  })
})

describe('setPassword', () => {
  it('is strict for the operator too, and ends every session', async () => {
    const { sid } = await signIn()
    await expect(setPassword({ email, password: 'password1234' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    await expect(setPassword({ email: `no-${email}`, password: OTHER })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await setPassword({ email, password: OTHER })).toMatchObject({ id: userId, ended: 1 })
    expect(await active(sid)).toEqual({ ended: 'password_reset' })
    const [row] = await db().auditLog.findMany({
      where: { action: 'user.password_set_by_operator', targetId: userId },
    })
    expect(row).toMatchObject({ actorKind: 'operator', actorId: null })
  })
})
