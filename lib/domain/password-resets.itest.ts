import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { closeDb, db } from '../store/db'
import {
  changePassword,
  previewReset,
  requestPasswordReset,
  resetPassword,
  signInWithPassword,
} from './passwords'
import { findActiveSession } from './sessions'
import { mailsTo, newestToken } from './testing/outbox'
import { dropOrganization, personAlone } from './testing/tenants'
import { countAttempt, signInAttempt, strengthAttempt } from './throttle'

// Every guess is judged by bcrypt at its full cost, which a busy machine takes its time for.
vi.setConfig({ testTimeout: 120_000 })

const PASSWORD = 'violet harbour lamp 42'
const OTHER = 'copper meadow clock 77'

let email = ''
let userId = ''
let host = 0

beforeEach(async () => {
  email = `${randomUUID()}@password-resets.example`
  host += 1
  userId = (await personAlone({ email, password: PASSWORD, name: 'Ada' })).id
})
afterAll(closeDb)

const origin = (n = 1) => ({ clientIp: `198.52.${host}.${n}`, userAgent: 'curl/8.0' })
const signIn = (password = PASSWORD) => signInWithPassword({ email, password }, origin())

function active(sessionId: string) {
  return findActiveSession({ userId, sessionId, issuedAt: Math.floor(Date.now() / 1000) })
}

async function principal(): Promise<UserPrincipal> {
  const { sid, org } = await signIn()
  return { kind: 'user', userId, sessionId: sid, organizationId: org, role: 'owner', environment: 'live' }
}

async function freshToken(at?: Date): Promise<string> {
  await requestPasswordReset({ email }, origin(), at)
  return newestToken(email, 'reset')
}

async function failure(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  return error instanceof Error ? { ...error, message: error.message } : error
}

describe('a password reset', () => {
  it('answers the same for an address without an account, and mails it nothing', async () => {
    const stranger = `no-${email}`
    expect(await requestPasswordReset({ email: stranger }, origin())).toEqual(
      await requestPasswordReset({ email }, origin()),
    )
    expect(await mailsTo(email, 'reset')).toHaveLength(1)
    expect(await mailsTo(stranger, 'reset')).toHaveLength(0)
  })

  it('sets the password once, ends every session and signs in', async () => {
    const before = await signIn()
    const token = await freshToken()
    expect(await previewReset(token)).toEqual({ email, ssoRequired: false })
    const { session } = await resetPassword({ token, password: OTHER }, origin())
    expect(await active(session?.sid ?? '')).toHaveProperty('user')
    expect(await active(before.sid)).toEqual({ ended: 'password_reset' })
    expect(await failure(signIn(PASSWORD))).toMatchObject({ code: 'invalid_credentials' })
    expect(await previewReset(token)).toBeNull()
    await expect(resetPassword({ token, password: PASSWORD }, origin())).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('is won by one of several who redeem the same link at once', async () => {
    const token = await freshToken()
    const tries = Array.from({ length: 6 }, () => resetPassword({ token, password: OTHER }, origin()))
    const outcomes = await Promise.allSettled(tries)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('is won by one of several links of the person that are redeemed at once, and the others die', async () => {
    const tokens = [await freshToken(), await freshToken(), await freshToken()]
    const tries = tokens.map((token) => resetPassword({ token, password: OTHER }, origin()))
    const outcomes = await Promise.all(tries.map(failure))
    expect(
      outcomes.filter((outcome) => (outcome as { code?: string } | null)?.code === 'not_found'),
    ).toHaveLength(2)
    for (const token of tokens) expect(await previewReset(token)).toBeNull()
  })

  it('sets the password of somebody who belongs to no organization, and signs them in nowhere', async () => {
    const theirs = await db().membership.findMany({ where: { userId } })
    for (const { organizationId } of theirs) await dropOrganization(organizationId)
    const token = await freshToken()
    expect(await resetPassword({ token, password: OTHER }, origin())).toEqual({ session: null })
    expect(await failure(signIn(PASSWORD))).toMatchObject({ code: 'invalid_credentials' })
    expect(await failure(signIn(OTHER))).toMatchObject({ code: 'insufficient_role' })
    expect(await previewReset(token)).toBeNull()
  })

  it('outlives a newer request, and dies with a sign-in, with a change of the password, and after 60 minutes', async () => {
    const first = await freshToken()
    const second = await freshToken()
    expect(await previewReset(first)).not.toBeNull()
    expect(await previewReset(second)).not.toBeNull()
    const me = await principal()
    expect(await previewReset(first)).toBeNull()
    expect(await previewReset(second)).toBeNull()
    const third = await freshToken()
    await changePassword(me, { currentPassword: PASSWORD, newPassword: OTHER })
    expect(await previewReset(third)).toBeNull()
    const then = new Date()
    const fourth = await freshToken(then)
    expect(await previewReset(fourth, new Date(then.getTime() + 60 * 60_000 - 1))).not.toBeNull()
    expect(await previewReset(fourth, new Date(then.getTime() + 60 * 60_000))).toBeNull()
    await expect(
      resetPassword({ token: fourth, password: PASSWORD }, origin(), new Date(then.getTime() + 60 * 60_000)),
    ).rejects.toMatchObject({ code: 'not_found' })
  })

  it('counts every judgement of a new password, before it is made', async () => {
    const token = await freshToken()
    for (let n = 0; n < 60; n++) await countAttempt(strengthAttempt(origin(3).clientIp))
    expect(await failure(resetPassword({ token, password: 'password1234' }, origin(3)))).toMatchObject({
      code: 'too_many_failed_attempts',
    })
    expect(await previewReset(token)).not.toBeNull()
  })

  it('keeps the link when the new password is refused', async () => {
    const token = await freshToken()
    await expect(resetPassword({ token, password: 'password1234' }, origin())).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect(await previewReset(token)).not.toBeNull()
  })

  it('opens the account again to an owner who was locked out', async () => {
    const attempt = signInAttempt({ email, clientIp: origin().clientIp, known: false })
    for (let guess = 0; guess < 9; guess++) await countAttempt(attempt)
    await failure(signIn(OTHER))
    expect(await failure(signIn(PASSWORD))).toMatchObject({ code: 'too_many_failed_attempts' })
    await resetPassword({ token: await freshToken(), password: OTHER }, origin())
    expect(await signIn(OTHER)).toHaveProperty('sid')
  })

  it('is kept as a digest only, and its link points to APP_URL', async () => {
    const token = await freshToken()
    const rows = await db().passwordReset.findMany({ where: { userId }, omit: { tokenDigest: false } })
    expect(JSON.stringify(rows)).not.toContain(token)
    expect(token).toMatch(/^[0-9A-Za-z]{32}$/)
  })

  it('mails one address five times before it waits, and neither says so nor kills a link that was sent', async () => {
    const token = await freshToken()
    for (let n = 0; n < 7; n++) expect(await requestPasswordReset({ email }, origin(n))).toEqual({})
    expect(await mailsTo(email, 'reset')).toHaveLength(5)
    expect(await previewReset(token)).toEqual({ email, ssoRequired: false })
  })

  it('refuses a network that asks for many addresses', async () => {
    const ask = (n: number) => failure(requestPasswordReset({ email: `${n}-${email}` }, origin(77)))
    const refused = (await Promise.all(Array.from({ length: 40 }, (_, n) => ask(n)))).filter(Boolean)
    expect(refused.length).toBeGreaterThanOrEqual(9)
    expect(refused[0]).toMatchObject({ code: 'too_many_failed_attempts' })
  })
})
