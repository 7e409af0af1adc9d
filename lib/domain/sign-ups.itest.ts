import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from '../store/background'
import { closeDb, db } from '../store/db'
import { type SmtpSink, startSmtpSink } from '../store/testing/smtp-sink'
import { listMemberships } from './organizations'
import { signInWithPassword } from './passwords'
import { findActiveSession, type StartedSession } from './sessions'
import { confirmSignUp, mayAnyoneSignUp, previewSignUp, signUp, sweepSignUps } from './sign-ups'
import { mailsTo } from './testing/outbox'
import { personAlone } from './testing/tenants'
import { type Attempt, confirmSignUpAttempt, countAttempt, signInAttempt, strengthAttempt } from './throttle'

const PASSWORD = 'violet harbour lamp 42'
const OTHER = 'copper meadow clock 77'
const HOUR_MS = 3600_000

let email = ''
let host = 0
beforeEach(() => {
  email = `${randomUUID()}@sign-ups.example`
  host += 1
})
afterEach(async () => {
  await backgroundSettled()
  restoreEnvironment()
})
afterAll(closeDb)

const origin = (n = 1) => ({ clientIp: `203.0.${host}.${n}`, userAgent: 'curl/8.0' })
const input = (password = PASSWORD) => ({ name: 'Ada Lovelace', email, password })
const bucketsOf = ({ buckets }: Attempt) => buckets.map(({ name }) => name)
const code = (value: string) => expect.objectContaining({ code: value })

function active(session: StartedSession | null) {
  if (!session) throw new Error('no session')
  const issuedAt = Math.floor(Date.now() / 1000)
  return findActiveSession({ userId: session.sub, sessionId: session.sid, issuedAt })
}

async function failureOf(work: Promise<unknown>) {
  const error: unknown = await work.catch((reason: unknown) => reason)
  if (!(error instanceof Error)) throw new Error('nothing was refused')
  return { ...error, message: error.message }
}

/** SMTP_URL leads to a mail server that takes everything, until the test is over. */
async function withSmtp(): Promise<SmtpSink> {
  const started = await startSmtpSink()
  onTestFinished(() => started.close())
  setEnvironment({ SMTP_URL: started.url })
  return started
}

describe('signing up without SMTP', () => {
  it('makes the person, an organization of their own on the Free plan, and signs them in', async () => {
    const { session, next } = await signUp(input(), origin())
    expect(next).toBe('signed_in')
    expect(await active(session)).toMatchObject({
      user: { email, name: 'Ada Lovelace' },
      organization: { name: "Ada's organization", plan: 'free' },
      role: 'owner',
    })
    expect(await listMemberships(session?.sub ?? '')).toHaveLength(1)
    const rows = await db().auditLog.findMany({ where: { organizationId: session?.org ?? '' } })
    expect(rows.map(({ action }) => action).sort()).toEqual(['organization.created', 'session.started'])
  })

  it('signs in whoever signs up again with the right password, and makes nothing new', async () => {
    const first = await signUp(input(), origin())
    const again = await signUp(input(), origin())
    expect(again.session?.sub).toBe(first.session?.sub)
    expect(await listMemberships(first.session?.sub ?? '')).toHaveLength(1)
  })

  it('says no more about an account than a failed sign-in, and writes to its owner', async () => {
    await signUp(input(), origin())
    const refused = await failureOf(signUp(input(OTHER), origin(2)))
    expect(refused).toMatchObject({ code: 'invalid_credentials', error: 'Sign-up failed' })
    expect(refused.message).not.toContain(email)
    expect(await mailsTo(email, 'account-exists')).toHaveLength(1)
  })

  it('cannot be used to guess a password faster than signing in', async () => {
    await signUp(input(), origin())
    for (let n = 0; n < 5; n++) await failureOf(signUp(input(OTHER), origin(2)))
    for (let n = 0; n < 5; n++) await failureOf(signInWithPassword({ email, password: OTHER }, origin(2)))
    await expect(signUp(input(), origin(2))).rejects.toEqual(code('too_many_failed_attempts'))
  })

  it('makes one account of many sign-ups at the same moment', async () => {
    await Promise.allSettled(Array.from({ length: 8 }, () => signUp(input(), origin())))
    expect(await db().user.count({ where: { email } })).toBe(1)
    expect(await db().membership.count({ where: { user: { email } } })).toBe(1)
  })

  it('counts every judgement of a password before it is made, so that nobody holds the process up', async () => {
    const attempt = strengthAttempt(origin().clientIp)
    for (let n = 0; n < 60; n++) await countAttempt(attempt)
    await expect(signUp(input('password1234'), origin())).rejects.toEqual(code('too_many_failed_attempts'))
    await expect(signUp(input('password1234'), origin(2))).rejects.toEqual(code('invalid_request'))
  })

  it('refuses a guessable password before anything else', async () => {
    await expect(signUp(input('ada lovelace 1815'), origin())).rejects.toEqual(code('invalid_request'))
    expect(await db().user.count({ where: { email } })).toBe(0)
  })
})

describe('signing up with SMTP', () => {
  let smtp: SmtpSink
  beforeEach(async () => {
    await personAlone({ ...input(), email: `first-${email}` })
    smtp = await withSmtp()
  })

  /** The token in the only mail so far. */
  async function mailedToken(): Promise<string> {
    await backgroundSettled()
    expect(smtp.received.map(({ to }) => to)).toEqual([email])
    return /\/signup\/(\w{32})\b/.exec(smtp.received[0]?.text ?? '')?.[1] ?? ''
  }

  it('answers the same whether or not there is an account; only the mail differs', async () => {
    const fresh = await signUp(input(), origin())
    expect(fresh).toEqual({ session: null, next: 'check_mail' })
    expect(await signUp({ ...input(OTHER), email: `first-${email}` }, origin())).toEqual(fresh)
    await backgroundSettled()
    const mails = smtp.received.map(({ to, text }) => [to, /^Subject: (.*)$/m.exec(text)?.[1]])
    expect(mails).toHaveLength(2)
    expect(Object.fromEntries(mails)).toEqual({
      [email]: 'Finish signing up to Twig',
      [`first-${email}`]: 'You already have a Twig account',
    })
    expect(await db().user.count({ where: { email } })).toBe(0)
  })

  it('finishes with the link and the password together, once', async () => {
    await signUp(input(), origin())
    const token = await mailedToken()
    expect(await previewSignUp(token)).toEqual({ email })
    const { session } = await confirmSignUp({ token, password: PASSWORD }, origin())
    expect(await active(session)).toMatchObject({ user: { email }, role: 'owner' })
    await expect(confirmSignUp({ token, password: PASSWORD }, origin())).rejects.toEqual(code('not_found'))
    expect(await previewSignUp(token)).toBeNull()
  })

  it('finishes also while strangers guess at the address and at everybody', async () => {
    await signUp(input(), origin())
    const token = await mailedToken()
    for (const bucket of [
      'sign-in:strangers',
      ...bucketsOf(signInAttempt({ email, clientIp: '', known: false })),
    ]) {
      const row = { tokens: 0, updatedAt: new Date(Date.now() + HOUR_MS) }
      await db().throttle.upsert({ where: { bucket }, create: { bucket, ...row }, update: row })
      onTestFinished(async () => void (await db().throttle.deleteMany({ where: { bucket } })))
    }
    const { session } = await confirmSignUp({ token, password: PASSWORD }, origin())
    expect(session).toHaveProperty('sid')
  })

  it('admits ten guesses at the password of a link', async () => {
    await signUp(input(), origin())
    const token = await mailedToken()
    for (let n = 0; n < 10; n++) await countAttempt(confirmSignUpAttempt(email, origin(n).clientIp))
    await expect(confirmSignUp({ token, password: PASSWORD }, origin(99))).rejects.toEqual(
      code('too_many_failed_attempts'),
    )
  })

  it('does not let the owner of an address finish what somebody else began', async () => {
    await signUp(input(OTHER), origin())
    const token = await mailedToken()
    const refused = await failureOf(confirmSignUp({ token, password: PASSWORD }, origin()))
    expect(refused).toMatchObject({
      code: 'invalid_request',
      details: { fields: { password: expect.any(String) } },
    })
    expect(await db().user.count({ where: { email } })).toBe(0)
  })

  it('is won by one of several who finish at once', async () => {
    await signUp(input(), origin())
    const token = await mailedToken()
    const tries = Array.from({ length: 5 }, () => confirmSignUp({ token, password: PASSWORD }, origin()))
    const outcomes = await Promise.allSettled(tries)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await db().user.count({ where: { email } })).toBe(1)
  })

  it('forgets after 24 hours, and keeps no token', async () => {
    const now = new Date()
    await signUp(input(), origin(), now)
    const token = await mailedToken()
    const day = new Date(now.getTime() + 24 * HOUR_MS)
    expect(await previewSignUp(token, new Date(day.getTime() - 1))).not.toBeNull()
    expect(await previewSignUp(token, day)).toBeNull()
    await expect(confirmSignUp({ token, password: PASSWORD }, origin(), day)).rejects.toEqual(
      code('not_found'),
    )
    const where = { email }
    expect(JSON.stringify(await db().pendingSignUp.findMany({ where }))).not.toContain(token)
    await sweepSignUps(new Date(day.getTime() + 1))
    expect(await db().pendingSignUp.count({ where })).toBe(0)
  })
})

describe('signing up by invitation only', () => {
  it('refuses a stranger and the owner of an account with the same words', async () => {
    await signUp(input(), origin())
    setEnvironment({ SIGNUP: 'invite' })
    expect(await mayAnyoneSignUp()).toBe(false)
    const known = await failureOf(signUp(input(), origin()))
    const stranger = await failureOf(signUp({ ...input(), email: `no-${email}` }, origin()))
    expect(known).toMatchObject({ code: 'insufficient_role', error: 'Sign-up is by invitation' })
    expect(stranger).toEqual(known)
  })
})

describe('the first person ever', () => {
  const name = `first_${randomUUID().replaceAll('-', '')}`

  /** An empty Twig beside the one that the other tests share. */
  beforeEach(async () => {
    const url = new URL(process.env.DATABASE_URL ?? '')
    const administrator = new pg.Client({ connectionString: url.href })
    await administrator.connect()
    await administrator.query(`DROP DATABASE IF EXISTS ${name}`)
    await administrator.query(`CREATE DATABASE ${name}`)
    await administrator.end()
    url.pathname = `/${name}`
    const fresh = new pg.Client({ connectionString: url.href })
    await fresh.connect()
    const folder = join(process.cwd(), 'prisma/migrations')
    for (const entry of readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory())) {
      await fresh.query(readFileSync(join(folder, entry.name, 'migration.sql'), 'utf8'))
    }
    await fresh.end()
    await closeDb()
    setEnvironment({ DATABASE_URL: url.href })
  })
  afterEach(closeDb)

  it('needs neither an invitation nor a mail', async () => {
    setEnvironment({ SIGNUP: 'invite' })
    const smtp = await withSmtp()
    expect(await mayAnyoneSignUp()).toBe(true)
    const { session } = await signUp(input(), origin())
    expect(await active(session)).toMatchObject({ role: 'owner', user: { email } })
    await backgroundSettled()
    expect(smtp.received).toEqual([])
    expect(await mayAnyoneSignUp()).toBe(false)
  })

  it('is one of several who sign up at the same moment', async () => {
    setEnvironment({ SIGNUP: 'invite' })
    const tries = Array.from({ length: 6 }, (_, n) =>
      signUp({ ...input(), email: `${n}-${email}` }, origin(n)),
    )
    const outcomes = await Promise.allSettled(tries)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await db().user.count()).toBe(1)
    expect(await db().organization.count()).toBe(1)
  })
})
