import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { TwigError } from '../core/errors'
import { closeDb, db } from '../store/db'
import {
  countAttempt,
  forgiveAccount,
  forgiveAttempt,
  returnAttempt,
  signInAttempt,
  sweepThrottles,
} from './throttle'

const T0 = new Date('2026-03-01T12:00:00Z')
const later = (seconds: number) => new Date(T0.getTime() + seconds * 1000)

let email = ''
let host = 0
beforeEach(async () => {
  await db().throttle.deleteMany({ where: { bucket: 'sign-in:strangers' } })
  email = `${randomUUID()}@throttle.example`
  host += 1
})
afterAll(closeDb)

const from = (n: number, known = false) => signInAttempt({ email, clientIp: `198.18.${host}.${n}`, known })

async function admitted(attempts: number, attempt = from(1), now = T0): Promise<number> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: attempts }, () => countAttempt(attempt, now)),
  )
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected')
      expect(outcome.reason).toMatchObject({ code: 'too_many_failed_attempts' })
  }
  return outcomes.filter(({ status }) => status === 'fulfilled').length
}

async function waitOf(attempt = from(1), now = T0): Promise<number> {
  const error = await countAttempt(attempt, now).catch((reason: unknown) => reason)
  return error instanceof TwigError ? (error.retryAfterSeconds ?? 0) : 0
}

describe('countAttempt', () => {
  it('admits exactly ten guesses for one account from one place, also when forty come at once', async () => {
    expect(await admitted(40)).toBe(10)
  })

  it('admits again after exactly the wait it names, and not a second before', async () => {
    await admitted(10)
    const wait = await waitOf()
    expect(wait).toBe(60)
    expect(await admitted(1, from(1), later(wait - 1))).toBe(0)
    expect(await admitted(1, from(1), later(wait))).toBe(1)
  })

  it('takes nothing for a refused attempt, so that hammering does not prolong the wait', async () => {
    await admitted(10)
    await admitted(50, from(1), later(30))
    expect(await waitOf(from(1), later(30))).toBe(30)
  })

  it('gives nothing for a clock that goes back', async () => {
    await admitted(10)
    expect(await admitted(1, from(1), later(-3600))).toBe(0)
    expect(await admitted(1, from(1), later(59))).toBe(0)
  })

  it('stops an account being guessed at from many places at once', async () => {
    let sum = 0
    for (let n = 1; n <= 8; n++) sum += await admitted(10, from(n))
    expect(sum).toBe(50)
  })

  it('leaves a place where the account signed in before open while strangers fail elsewhere', async () => {
    for (let n = 1; n <= 8; n++) await admitted(10, from(n))
    expect(await admitted(1, from(99))).toBe(0)
    expect(await admitted(1, from(99, true))).toBe(1)
  })

  it('stops one place that tries one password on many accounts', async () => {
    const now = later(host * 10_000)
    let sum = 0
    for (let n = 0; n < 120; n++) {
      const attempt = signInAttempt({ email: `${n}-${email}`, clientIp: `198.19.${host}.1`, known: true })
      sum += await admitted(1, attempt, now)
    }
    expect(sum).toBe(100)
  })

  it('keeps no address in its table', async () => {
    await admitted(1)
    const rows = await db().throttle.findMany({ where: { bucket: { contains: '@' } } })
    expect(rows).toEqual([])
  })
})

describe('forgiveAttempt', () => {
  it('forgets the slips of the account after a success, and gives the place its token again', async () => {
    await admitted(9)
    await forgiveAttempt(from(1))
    expect(await admitted(20)).toBe(10)
  })

  it('never fills a bucket beyond its size', async () => {
    await admitted(1)
    for (let n = 0; n < 30; n++) await returnAttempt(from(1))
    expect(await admitted(40)).toBe(10)
  })

  it('opens every place again when the owner has proved the address', async () => {
    for (let n = 1; n <= 8; n++) await admitted(10, from(n))
    await forgiveAccount(email)
    expect(await admitted(1, from(1))).toBe(1)
    expect(await admitted(1, from(99))).toBe(1)
  })
})

describe('sweepThrottles', () => {
  it('removes only what is full again anyway', async () => {
    await admitted(10)
    await sweepThrottles(later(3600))
    expect(await admitted(1)).toBe(0)
    await sweepThrottles(later(3 * 24 * 3600))
    expect(await admitted(1)).toBe(1)
  })
})
