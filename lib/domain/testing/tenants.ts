import { randomBytes } from 'node:crypto'
import type { Environment, KeyPrincipal, Plan, Role, Scope, UserPrincipal } from '../../core/principal'
import { db } from '../../store/db'
import { createOrganization, operatorFor } from '../organizations'
import { createUser } from '../users'

/** An organization of its own for a test, with an operator for it. */
export async function tenant(plan: Plan = 'free') {
  const organization = await createOrganization({ name: `Test ${randomBytes(6).toString('hex')}`, plan })
  return { organization, operator: operatorFor(organization.id) }
}

/** A person of the organization, as the page layer would name them. */
export async function personOf(organizationId: string, role: Role): Promise<UserPrincipal> {
  const email = `${randomBytes(6).toString('hex')}@example.com`
  const user = await createUser({
    email,
    password: 'plover-quartz-mandolin-42',
    organization: organizationId,
    role,
  })
  return { kind: 'user', userId: user.id, sessionId: 'sess_test', organizationId, role, environment: 'live' }
}

/** A key's principal, as the gate would vouch for it. */
export function keyOf(
  organizationId: string,
  scopes: Scope[],
  environment: Environment = 'live',
  keyId = 'key_000000000000',
): KeyPrincipal {
  return { kind: 'key', keyId, keyName: 'Test', organizationId, environment, scopes }
}

/** Audit rows of an organization, oldest first. */
export function auditOf(organizationId: string) {
  return db().auditLog.findMany({ where: { organizationId }, orderBy: { time: 'asc' } })
}
