import { describe, expect, test } from 'vitest'
import {
  admitsRole,
  decideArrival,
  decidePassword,
  type EnforcementFacts,
  enforceObstacles,
  maySignInWithSso,
  refusesOtherWays,
} from './sso-decisions'

const enforced = (changes: Partial<EnforcementFacts> = {}): EnforcementFacts => {
  return { isEnforced: true, role: 'member', hasBreakGlass: false, ...changes }
}

describe('a right password', () => {
  test('opens where nobody enforces SSO', () => {
    expect(decidePassword([])).toBe('allow')
    expect(decidePassword([enforced({ isEnforced: false })])).toBe('allow')
  })
  test('is refused to members of an organization that does, owners too', () => {
    expect(decidePassword([enforced()])).toBe('refuse')
    expect(decidePassword([enforced({ role: 'owner' })])).toBe('refuse')
    expect(decidePassword([enforced({ isEnforced: false }), enforced({ role: 'admin' })])).toBe('refuse')
  })
  test('is a break-glass way in for owners who proved it, and for nobody who was one', () => {
    expect(decidePassword([enforced({ role: 'owner', hasBreakGlass: true })])).toBe('break_glass')
    expect(decidePassword([enforced({ role: 'admin', hasBreakGlass: true })])).toBe('refuse')
    expect(decidePassword([enforced({ role: 'owner', hasBreakGlass: true }), enforced()])).toBe('refuse')
  })
})

test('break-glass opens no other way', () => {
  expect(refusesOtherWays([enforced({ role: 'owner', hasBreakGlass: true })])).toBe(true)
  expect(refusesOtherWays([enforced({ isEnforced: false })])).toBe(false)
})

test('before SSO is enforced, pilots alone are let in by it; everybody where there are none', () => {
  const piloted = { isEnforced: false, pilotUserIds: ['user_a'] }
  expect(maySignInWithSso(piloted, 'user_a')).toBe(true)
  expect(maySignInWithSso(piloted, 'user_b')).toBe(false)
  expect(maySignInWithSso(piloted, null)).toBe(false)
  expect(maySignInWithSso({ ...piloted, isEnforced: true }, null)).toBe(true)
  expect(maySignInWithSso({ isEnforced: false, pilotUserIds: [] }, null)).toBe(true)
})

describe('somebody who arrives', () => {
  const nobody = { ownsDomain: true, identity: null, account: null, isInvited: false }
  const person = (userId: string, isMember: boolean) => ({ userId, isMember, isOfDomain: true })
  test.each([
    [
      'is nobody outside of the verified domains',
      { ownsDomain: false, identity: person('a', true) },
      { kind: 'refuse', reason: 'domain' },
    ],
    [
      'is not who issuer and subject say, where the account’s own domain is not the organization’s (any more)',
      { identity: { ...person('a', true), isOfDomain: false }, isInvited: true },
      { kind: 'refuse', reason: 'domain' },
    ],
    [
      'is who issuer and subject say, whatever the address',
      { identity: person('a', true), account: person('b', true) },
      { kind: 'sign_in', userId: 'a' },
    ],
    ['stays removed', { identity: person('a', false) }, { kind: 'refuse', reason: 'removed' }],
    [
      'comes back when invited again',
      { identity: person('a', false), isInvited: true },
      { kind: 'rejoin', userId: 'a' },
    ],
    ['is linked to a member with the address', { account: person('b', true) }, { kind: 'link', userId: 'b' }],
    [
      'is never linked to somebody else’s account',
      { account: person('b', false) },
      { kind: 'refuse', reason: 'account_elsewhere' },
    ],
    [
      'is not, even where that one is invited',
      { account: person('b', false), isInvited: true },
      { kind: 'refuse', reason: 'account_elsewhere' },
    ],
    ['is made a person when new', {}, { kind: 'create' }],
  ] as const)('%s', (_, changes, arrival) => {
    expect(decideArrival({ ...nobody, ...changes })).toEqual(arrival)
  })
})

test('owners and admins come in by a configuration of an owner alone, others by any', () => {
  for (const role of ['owner', 'admin'] as const) {
    expect(admitsRole(role, false)).toBe(false)
    expect(admitsRole(role, true)).toBe(true)
  }
  for (const role of ['member', 'viewer'] as const) expect(admitsRole(role, false)).toBe(true)
})

test('Enforce names all that is in its way', () => {
  const ready = { isActive: true, digest: 'd', testedDigest: 'd', verifiedDomains: 1 }
  expect(enforceObstacles(ready)).toEqual([])
  expect(enforceObstacles({ ...ready, testedDigest: 'older' })).toEqual(['not_tested'])
  expect(enforceObstacles({ isActive: false, digest: 'd', testedDigest: null, verifiedDomains: 0 })).toEqual([
    'not_active',
    'not_tested',
    'no_domain',
  ])
})
