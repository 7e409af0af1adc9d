import { TwigError } from './errors'

export const scopes = ['read', 'write', 'execute', 'admin'] as const
export type Scope = (typeof scopes)[number]

export const environments = ['live', 'test'] as const
export type Environment = (typeof environments)[number]

/** From least to most; each role may do all that the ones before it may. */
export const roles = ['viewer', 'member', 'admin', 'owner'] as const
export type Role = (typeof roles)[number]

export const plans = ['free', 'pro', 'enterprise'] as const
export type Plan = (typeof plans)[number]

/** Where a request came from, for audit rows. */
export interface RequestOrigin {
  requestId?: string
  clientIp?: string | null
}

/** A verified API key. */
export interface KeyPrincipal extends RequestOrigin {
  kind: 'key'
  keyId: string
  keyName: string
  organizationId: string
  environment: Environment
  scopes: readonly Scope[]
  /** As the gate knew it when it decided. */
  organization: { slug: string; name: string; plan: Plan; perMinute: Readonly<Record<Scope, number>> }
}

/** A signed-in person in one of their organizations. */
export interface UserPrincipal extends RequestOrigin {
  kind: 'user'
  userId: string
  sessionId: string
  organizationId: string
  role: Role
  /** Which data the console shows; Live unless the page says otherwise. */
  environment: Environment
}

/** The operator's command line: above roles, acting for one organization. */
export interface OperatorPrincipal extends RequestOrigin {
  kind: 'operator'
  organizationId: string
  environment: Environment
}

/** The verified caller. Every domain verb takes one first, and takes the organization from it. */
export type Principal = KeyPrincipal | UserPrincipal | OperatorPrincipal

/** What each permission asks of a key (a scope) and of a person (the least role). spec.md B5, G1. */
const permissions = {
  'agents:read': { scope: 'read', role: 'viewer' },
  'agents:write': { scope: 'write', role: 'member' },
  'data-sources:read': { scope: 'read', role: 'viewer' },
  'data-sources:write': { scope: 'write', role: 'member' },
  'interactions:read': { scope: 'read', role: 'viewer' },
  'answers:run': { scope: 'execute', role: 'member' },
  'external-keys:read': { scope: 'admin', role: 'member' },
  'external-keys:write': { scope: 'admin', role: 'admin' },
  'organization:read': { scope: 'admin', role: 'member' },
  'organization:write': { scope: 'admin', role: 'admin' },
  'api-keys:read': { scope: 'admin', role: 'member' },
  'api-keys:write': { scope: 'admin', role: 'member' },
  'sso:read': { scope: 'admin', role: 'admin' },
  'sso:write': { scope: 'admin', role: 'admin' },
  'security:read': { scope: 'admin', role: 'admin' },
  'security:write': { scope: 'admin', role: 'admin' },
  'members:read': { scope: 'admin', role: 'member' },
  'members:write': { scope: 'admin', role: 'admin' },
  'audit:read': { scope: 'admin', role: 'admin' },
} as const satisfies Record<string, { scope: Scope; role: Role }>

export type Permission = keyof typeof permissions

/** Whether the granted scopes satisfy the required one: admin covers all, the others only themselves (B5). */
export function matchesScope(granted: readonly Scope[], required: Scope): boolean {
  return granted.includes(required) || granted.includes('admin')
}

/** Whether a role is at least the other. */
export function roleAtLeast(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least)
}

/** Scopes that a role may put on a key (B10): members all but admin, viewers none. */
export function mintableScopes(role: Role): readonly Scope[] {
  if (roleAtLeast(role, 'admin')) return scopes
  return roleAtLeast(role, 'member') ? scopes.filter((scope) => scope !== 'admin') : []
}

/** Whether the caller holds the permission. Pure sibling of requirePermission. */
export function hasPermission(principal: Principal, permission: Permission): boolean {
  const needed = permissions[permission]
  switch (principal.kind) {
    case 'operator':
      return true
    case 'user':
      return roleAtLeast(principal.role, needed.role)
    case 'key':
      return matchesScope(principal.scopes, needed.scope)
  }
}

/** The 403 of a key that lacks a scope; names the required one and those it has (B6). */
export function insufficientScope(required: Scope, granted: readonly Scope[], action: string): TwigError {
  const has = granted.length === 0 ? 'no scope' : granted.join(', ')
  return new TwigError(
    'insufficient_scope',
    `${action} needs ${required}; this key has ${has}. Make a key with ${required} in Settings → API Keys.`,
    { error: `API key lacks the ${required} scope`, details: { required_scope: required, scopes: granted } },
  )
}

/** Throws insufficient_scope or insufficient_role unless the caller holds the permission. */
export function requirePermission(principal: Principal, permission: Permission): void {
  if (hasPermission(principal, permission)) return
  const needed = permissions[permission]
  if (principal.kind === 'key') throw insufficientScope(needed.scope, principal.scopes, 'This')
  const role = principal.kind === 'user' ? principal.role : 'none'
  throw new TwigError(
    'insufficient_role',
    `This needs the role ${needed.role}; yours is ${role}. Ask an admin.`,
    {
      details: { required_role: needed.role, role },
    },
  )
}

/** Scopes of keys that the caller may make, change, replace and delete: never more than they can do themselves (B10). */
function mintableBy(principal: Principal): readonly Scope[] {
  switch (principal.kind) {
    case 'operator':
      return scopes
    case 'user':
      return mintableScopes(principal.role)
    case 'key':
      return scopes.filter((scope) => matchesScope(principal.scopes, scope))
  }
}

/** Throws insufficient_scope or insufficient_role where a key with these scopes could do more than the caller (B10). */
export function requireMintable(principal: Principal, wanted: readonly Scope[]): void {
  const mintable = mintableBy(principal)
  const beyond = wanted.find((scope) => !mintable.includes(scope))
  if (beyond === undefined) return
  if (principal.kind === 'key') throw insufficientScope(beyond, principal.scopes, 'This')
  const role = principal.kind === 'user' ? principal.role : 'none'
  const required = beyond === 'admin' ? 'admin' : 'member'
  throw new TwigError('insufficient_role', `Your role (${role}) does not cover the scope ${beyond}.`, {
    details: { required_role: required, role, fields: { scopes: `${beyond} needs the role ${required}` } },
  })
}

/**
 * Throws conflict for a Test key: it is kept less carefully, and what is said here holds for Live as well (H2).
 * @param what begins the sentence, e.g. `Who belongs to the organization`
 */
export function requireLiveReach(principal: Principal, what: string): void {
  if (principal.kind !== 'key' || principal.environment === 'live') return
  throw new TwigError('conflict', `${what} holds for Live as well; a Live key or an admin can change it.`)
}

/** Throws insufficient_role unless an owner asks, or the operator: a key stands for an admin at most (G1). */
export function requireOwner(principal: Principal): void {
  const role = principal.kind === 'user' ? principal.role : 'admin'
  if (principal.kind === 'operator' || role === 'owner') return
  throw new TwigError('insufficient_role', `This needs the role owner; yours is ${role}.`, {
    details: { required_role: 'owner', role },
  })
}
