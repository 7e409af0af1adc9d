import { describe, expect, test } from 'vitest'
import {
  type Authority,
  authorityOf,
  requireGivable,
  requireRemovable,
  requireRoleChange,
} from './member-rules'
import { type Role, roles } from './principal'

// By hand from spec.md G1: admins manage members, owners also other owners, and the last owner can neither leave nor be
// demoted. Nobody gives a role above their own; the operator acts above roles.

const AUTHORITIES: Authority[] = ['admin', 'owner', 'operator']
const GIVES: Record<'admin' | 'owner' | 'operator', Role[]> = {
  admin: ['viewer', 'member', 'admin'],
  owner: ['viewer', 'member', 'admin', 'owner'],
  operator: ['viewer', 'member', 'admin', 'owner'],
}
const TOUCHES = GIVES

const codeOf = (work: () => void) => {
  try {
    work()
    return null
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe.each(AUTHORITIES)('whoever acts as %s', (actor) => {
  const gives = GIVES[actor as keyof typeof GIVES]
  const touches = TOUCHES[actor as keyof typeof TOUCHES]

  test('gives roles up to their own, and touches nobody above', () => {
    for (const role of roles) {
      expect(
        codeOf(() => requireGivable(actor, role)),
        role,
      ).toBe(gives.includes(role) ? null : 'insufficient_role')
      for (const wanted of roles) {
        const allowed = touches.includes(role) && gives.includes(wanted)
        const facts = { actor, role, otherOwners: 1 }
        expect(
          codeOf(() => requireRoleChange(facts, wanted)),
          `${role} → ${wanted}`,
        ).toBe(allowed ? null : 'insufficient_role')
      }
      const removal = { actor, role, otherOwners: 1 }
      expect(
        codeOf(() => requireRemovable(removal, false)),
        role,
      ).toBe(touches.includes(role) ? null : 'insufficient_role')
    }
  })
})

test('the last owner is neither demoted nor removed, by whomever, and may stay an owner', () => {
  for (const actor of ['owner', 'operator'] as const) {
    const last = { actor, role: 'owner' as const, otherOwners: 0 }
    for (const wanted of ['viewer', 'member', 'admin'] as const) {
      expect(codeOf(() => requireRoleChange(last, wanted))).toBe('conflict')
    }
    expect(codeOf(() => requireRoleChange(last, 'owner'))).toBeNull()
    expect(codeOf(() => requireRemovable(last, false))).toBe('conflict')
    expect(codeOf(() => requireRemovable(last, true))).toBe('conflict')
  }
})

test('everybody may leave, a viewer too', () => {
  for (const role of roles) {
    expect(codeOf(() => requireRemovable({ actor: role, role, otherOwners: 1 }, true))).toBeNull()
  }
})

test('a key acts as an admin whatever its scopes, a person as what they are now, the operator above roles', () => {
  const organizationId = 'org_1'
  const key = {
    kind: 'key',
    keyId: 'key_1',
    keyName: 'CI',
    organizationId,
    environment: 'live',
    scopes: ['admin'],
    organization: {
      slug: 'a',
      name: 'A',
      plan: 'free',
      perMinute: { read: 1, write: 1, execute: 1, admin: 1 },
    },
  } as const
  expect(authorityOf(key, null)).toBe('admin')
  expect(authorityOf({ kind: 'operator', organizationId, environment: 'live' }, null)).toBe('operator')
  const person = {
    kind: 'user',
    userId: 'user_1',
    sessionId: 'sess_1',
    organizationId,
    environment: 'live',
  } as const
  expect(authorityOf({ ...person, role: 'owner' }, 'viewer')).toBe('viewer')
  expect(authorityOf({ ...person, role: 'owner' }, null)).toBeNull()
})
