import { describe, expect, test } from 'vitest'
import { BeginSocialInput, decideSocial, provesEmail, type SocialFacts } from './social'

const nobody: SocialFacts = {
  provider: 'google',
  userId: null,
  email: 'ada@corp.example',
  isProven: true,
  isVerified: true,
  hasAccount: false,
  isInvited: false,
  signUp: 'open',
}
const decide = (facts: Partial<SocialFacts>) => decideSocial({ ...nobody, ...facts })

describe('who comes back', () => {
  test('is whoever issuer and subject belong to, whatever else the provider says', () => {
    const known = {
      userId: 'user_1',
      email: null,
      isProven: false,
      hasAccount: true,
      signUp: 'invite',
    } as const
    expect(decide(known)).toEqual({ kind: 'sign_in', userId: 'user_1' })
  })

  test('an address never opens an account that exists', () => {
    for (const signUp of ['open', 'invite'] as const) {
      for (const isInvited of [true, false]) {
        const arrival = decide({ hasAccount: true, signUp, isInvited })
        expect(arrival).toEqual({ kind: 'refuse', code: 'account_not_linked' })
      }
    }
  })

  test('a new person needs open sign-up or an invitation', () => {
    expect(decide({})).toEqual({ kind: 'create' })
    expect(decide({ isInvited: true })).toEqual({ kind: 'create' })
    expect(decide({ signUp: 'invite', isInvited: true })).toEqual({ kind: 'join' })
    expect(decide({ signUp: 'invite' })).toEqual({ kind: 'refuse', code: 'sign_up_closed' })
  })

  test('an unproven address learns the same whether it has an account, an invitation, or neither', () => {
    for (const signUp of ['open', 'invite'] as const) {
      const answers = [{}, { hasAccount: true }, { isInvited: true }].map((facts) =>
        JSON.stringify(decide({ ...facts, provider: 'microsoft', isProven: false, signUp })),
      )
      expect(new Set(answers).size).toBe(1)
      expect(answers[0]).not.toContain('create')
    }
  })

  test('Google without a verified address makes nobody', () => {
    const denied = { isProven: false, isVerified: false }
    expect(decide(denied)).toEqual({ kind: 'refuse', code: 'email_not_verified' })
    expect(decide({ email: null })).toEqual({ kind: 'refuse', code: 'email_not_verified' })
  })
})

test('a company’s address that Google alone calls verified is asked by mail, and learns nothing', () => {
  for (const facts of [{}, { hasAccount: true }, { isInvited: true }]) {
    expect(decide({ ...facts, isProven: false })).toEqual({ kind: 'mail' })
  }
})

describe('an address is proven', () => {
  const claims = (emailVerified: unknown, domainOwnerVerified?: unknown) => {
    return { email: 'ada@corp.example', emailVerified, domainOwnerVerified, hostedDomain: 'corp.example' }
  }

  test.each([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    [undefined, false],
    ['yes', false],
  ])('by Google that says %s: %s', (said, proven) => {
    for (const isChosen of [true, false]) {
      expect(provesEmail('google', claims(said), isChosen)).toBe(proven)
    }
  })

  test('by Google only of its own addresses and of those whose Workspace has the account', () => {
    const consumer = { ...claims(true), hostedDomain: undefined }
    expect(provesEmail('google', consumer, false)).toBe(false)
    expect(provesEmail('google', { ...consumer, hostedDomain: 'other.example' }, false)).toBe(false)
    expect(provesEmail('google', { ...consumer, email: 'ada@gmail.com' }, false)).toBe(true)
  })

  test('by what the operator put in Google’s place, when it says so', () => {
    const consumer = { ...claims(true), hostedDomain: undefined }
    expect(provesEmail('google', consumer, true)).toBe(true)
    expect(provesEmail('google', { ...consumer, emailVerified: undefined }, true)).toBe(false)
  })

  test('by no tenant of many, whatever it says', () => {
    expect(provesEmail('microsoft', claims(true, true), false)).toBe(false)
  })

  test('by the one tenant that the operator chose, when it says so', () => {
    expect(provesEmail('microsoft', claims(true), true)).toBe(true)
    expect(provesEmail('microsoft', claims(undefined, '1'), true)).toBe(true)
    expect(provesEmail('microsoft', claims(undefined), true)).toBe(false)
  })

  test('only where there is one', () => {
    expect(provesEmail('google', { ...claims(true), email: null }, true)).toBe(false)
  })
})

test('what begins a journey names a provider of ours and links of our form', () => {
  expect(BeginSocialInput.safeParse({ provider: 'google', next: '/data' }).success).toBe(true)
  for (const wrong of [
    { provider: 'github' },
    { provider: 'google', confirm: '../x' },
    { provider: 'google', x: 1 },
  ]) {
    expect(BeginSocialInput.safeParse(wrong).success).toBe(false)
  }
})
