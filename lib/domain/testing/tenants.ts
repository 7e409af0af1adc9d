import { randomBytes } from 'node:crypto'
import type { Environment, KeyPrincipal, Plan, Role, Scope, UserPrincipal } from '../../core/principal'
import { DEFAULT_PER_MINUTE } from '../../core/rate-limits'
import { checkDatabase, db, inTransaction, isDatabaseOutage, type Transaction } from '../../store/db'
import { quickHash } from '../../store/testing/quick-hash'
import { deleteAuditOf } from '../audit'
import { addMember, createOrganization, createOrganizationForPerson, operatorFor } from '../organizations'
import { insertUser, type User } from '../users'

const ATTEMPTS = 20

/** A busy machine may take longer to open the first connection than a request waits for one. */
async function databaseAnswers(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await checkDatabase()
      return
    } catch (error) {
      if (attempt === ATTEMPTS || !isDatabaseOutage(error)) throw error
    }
  }
}

/** An organization of its own for a test, with an operator for it. */
export async function tenant(plan: Plan = 'free') {
  await databaseAnswers()
  const organization = await createOrganization({ name: `Test ${randomBytes(6).toString('hex')}`, plan })
  return { organization, operator: operatorFor(organization.id) }
}

/** Takes an organization's row away with all that goes with it, and nothing that only follows it. */
export function dropOrganization(organizationId: string): Promise<void> {
  return inTransaction(async (tx) => {
    await deleteAuditOf(tx, operatorFor(organizationId))
    await tx.organization.delete({ where: { id: organizationId } })
  })
}

async function insertPerson(
  person: { email: string; name: string; password: string },
  place: (tx: Transaction, user: User) => Promise<unknown>,
): Promise<User> {
  const { email, name, password } = person
  const passwordHash = await quickHash(password)
  await databaseAnswers()
  return inTransaction(async (tx) => {
    const user = await insertUser(tx, { email, name, passwordHash }, new Date())
    if (!user) throw new Error(`${email} has an account already`)
    await place(tx, user)
    return user
  })
}

/** A person with an organization of their own, as after signing up. */
export function personAlone(person: { email: string; name: string; password: string }): Promise<User> {
  return insertPerson(person, (tx, user) => createOrganizationForPerson(tx, user, 'operator'))
}

/** A person of the organization, as the page layer would name them. */
export async function personOf(organizationId: string, role: Role): Promise<UserPrincipal> {
  const name = randomBytes(6).toString('hex')
  const person = { email: `${name}@example.com`, name, password: 'plover-quartz-mandolin-42' }
  const { id: userId } = await insertPerson(person, (tx, user) =>
    addMember(tx, { organizationId, userId: user.id, role }),
  )
  return { kind: 'user', userId, sessionId: 'sess_test', organizationId, role, environment: 'live' }
}

/** A key's principal, as the gate would vouch for it. */
export function keyOf(
  organizationId: string,
  scopes: Scope[],
  environment: Environment = 'live',
  keyId = 'key_000000000000',
): KeyPrincipal {
  const organization = { slug: 'test', name: 'Test', plan: 'free', perMinute: DEFAULT_PER_MINUTE } as const
  return { kind: 'key', keyId, keyName: 'Test', organizationId, organization, environment, scopes }
}

/** Audit rows of an organization, in the order of its chain. */
export function auditOf(organizationId: string) {
  return db().auditLog.findMany({ where: { organizationId }, orderBy: { seq: 'asc' } })
}
