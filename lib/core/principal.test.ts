import { describe, expect, test } from 'vitest'
import { TwigError } from './errors'
import {
  hasPermission,
  insufficientScope,
  type KeyPrincipal,
  matchesScope,
  mintableScopes,
  type Permission,
  type Principal,
  type Role,
  requireMintable,
  requirePermission,
  roleAtLeast,
  roles,
  type Scope,
  scopes,
  type UserPrincipal,
} from './principal'

/** All 16 sets of scopes. */
const SETS: Scope[][] = Array.from({ length: 16 }, (_, bits) => scopes.filter((_scope, i) => bits & (1 << i)))

const keyWith = (granted: readonly Scope[]): KeyPrincipal => ({
  kind: 'key',
  keyId: 'key_1',
  keyName: 'CI',
  organizationId: 'org_1',
  organization: {
    slug: 'acme',
    name: 'Acme',
    plan: 'free',
    perMinute: { read: 1, write: 1, execute: 1, admin: 1 },
  },
  environment: 'live',
  scopes: granted,
})
const personWith = (role: Role): UserPrincipal => ({
  kind: 'user',
  userId: 'user_1',
  sessionId: 'sess_1',
  organizationId: 'org_1',
  role,
  environment: 'live',
})
const operator: Principal = { kind: 'operator', organizationId: 'org_1', environment: 'live' }

function thrownBy(work: () => void): TwigError {
  try {
    work()
  } catch (error) {
    if (error instanceof TwigError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('scopes', () => {
  test('each covers itself alone, and admin covers all, in every one of the 16 sets', () => {
    expect(SETS.map((set) => set.join())).toHaveLength(16)
    for (const granted of SETS) {
      for (const required of scopes) {
        const expected = granted.some((scope) => scope === required || scope === 'admin')
        expect(matchesScope(granted, required), `${granted} for ${required}`).toBe(expected)
      }
    }
  })

  test('read, write and execute do not include one another', () => {
    expect(matchesScope(['write'], 'read')).toBe(false)
    expect(matchesScope(['execute'], 'read')).toBe(false)
    expect(matchesScope(['read', 'execute'], 'write')).toBe(false)
    expect(matchesScope(['read', 'write'], 'execute')).toBe(false)
    expect(matchesScope(['read', 'write', 'execute'], 'admin')).toBe(false)
    expect(matchesScope([], 'read')).toBe(false)
  })

  test('a refusal names the scope that is needed and those that the key has', () => {
    const error = insufficientScope('execute', ['read', 'write'], 'POST /query')
    expect(error).toMatchObject({
      code: 'insufficient_scope',
      status: 403,
      error: 'API key lacks the execute scope',
      message:
        'POST /query needs execute; this key has read, write. Make a key with execute in Settings → API Keys.',
      details: { required_scope: 'execute', scopes: ['read', 'write'] },
    })
    expect(insufficientScope('read', [], 'GET /agents').message).toContain('this key has no scope')
  })
})

describe('roles', () => {
  test('each may do what those before it may, and no more', () => {
    const rank: Record<Role, number> = { viewer: 0, member: 1, admin: 2, owner: 3 }
    for (const role of roles) {
      for (const least of roles) expect(roleAtLeast(role, least)).toBe(rank[role] >= rank[least])
    }
  })

  test('nobody mints a scope above their role: viewers none, members all but admin', () => {
    expect(mintableScopes('viewer')).toEqual([])
    expect(mintableScopes('member')).toEqual(['read', 'write', 'execute'])
    expect(mintableScopes('admin')).toEqual(['read', 'write', 'execute', 'admin'])
    expect(mintableScopes('owner')).toEqual(['read', 'write', 'execute', 'admin'])
  })

  test('of the 16 sets a viewer mints the empty one alone, a member the 8 without admin, admins all', () => {
    const mintable = (role: Role) =>
      SETS.filter((set) => set.every((scope) => mintableScopes(role).includes(scope))).length
    expect([mintable('viewer'), mintable('member'), mintable('admin'), mintable('owner')]).toEqual([
      1, 8, 16, 16,
    ])
  })
})

describe('permissions', () => {
  const table: [Permission, Scope, Role][] = [
    ['agents:read', 'read', 'viewer'],
    ['agents:write', 'write', 'member'],
    ['api-keys:read', 'admin', 'member'],
    ['api-keys:write', 'admin', 'member'],
    ['members:read', 'admin', 'member'],
    ['members:write', 'admin', 'admin'],
  ]

  test.each(table)('%s asks %s of a key, in every set of scopes', (permission, scope) => {
    for (const granted of SETS) {
      const expected = granted.includes(scope) || granted.includes('admin')
      const key = keyWith(granted)
      expect(hasPermission(key, permission)).toBe(expected)
      if (expected) expect(() => requirePermission(key, permission)).not.toThrow()
      else {
        const error = thrownBy(() => requirePermission(key, permission))
        expect(error.code).toBe('insufficient_scope')
        expect(error.details).toEqual({ required_scope: scope, scopes: granted })
      }
    }
  })

  test.each(table)('%s asks of a person (scope %s) at least the role %s', (permission, _scope, least) => {
    for (const role of roles) {
      const person = personWith(role)
      expect(hasPermission(person, permission)).toBe(roles.indexOf(role) >= roles.indexOf(least))
      if (hasPermission(person, permission)) expect(() => requirePermission(person, permission)).not.toThrow()
      else {
        const error = thrownBy(() => requirePermission(person, permission))
        expect(error).toMatchObject({ code: 'insufficient_role', details: { required_role: least, role } })
      }
    }
  })

  test.each(table)('%s is the operator’s', (permission) => {
    expect(hasPermission(operator, permission)).toBe(true)
    expect(() => requirePermission(operator, permission)).not.toThrow()
  })
})

describe('a key is made, changed, replaced and deleted', () => {
  test('by people whose role covers each of its scopes, in all 64 cases', () => {
    for (const role of roles) {
      for (const set of SETS) {
        const covered = set.every((scope) => mintableScopes(role).includes(scope))
        const act = () => requireMintable(personWith(role), set)
        if (covered) expect(act, `${role}: ${set}`).not.toThrow()
        else {
          expect(thrownBy(act)).toMatchObject({
            code: 'insufficient_role',
            details: { required_role: role === 'viewer' && set[0] !== 'admin' ? 'member' : 'admin', role },
          })
        }
      }
    }
  })

  test('by keys that cover each of its scopes, in all 256 cases', () => {
    for (const granted of SETS) {
      for (const set of SETS) {
        const covered = set.every((scope) => matchesScope(granted, scope))
        const act = () => requireMintable(keyWith(granted), set)
        if (covered) expect(act, `${granted}: ${set}`).not.toThrow()
        else expect(thrownBy(act)).toMatchObject({ code: 'insufficient_scope', details: { scopes: granted } })
      }
    }
  })

  test('by the operator always', () => {
    for (const set of SETS) expect(() => requireMintable(operator, set)).not.toThrow()
  })
})
