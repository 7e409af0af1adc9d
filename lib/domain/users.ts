import { canonicalEmail } from '../core/email'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import type { Principal, Role } from '../core/principal'
import { db, inTransaction, type Transaction } from '../store/db'
import { hashPassword } from '../store/passwords'
import { recordAudit } from './audit'
import {
  addMember,
  auditForPerson,
  createOrganizationForPerson,
  findOrganization,
  operatorFor,
  requireName,
} from './organizations'
import { requireStrongPassword } from './password-strength'
import { insertPassword, setPasswordOf } from './passwords'
import { asPerson } from './sessions'

/** What Twig shows of a person. */
export interface User {
  id: string
  email: string
  name: string
}

const PASSWORD_LENGTH = { least: 12, most: 1024 }
const summary = { id: true, email: true, name: true } as const

/** The person with this canonical address, or null. */
export function findUserByEmail(
  email: string,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<User | null> {
  return client.user.findUnique({ where: { email }, select: summary })
}

/** What these people are called, by their ids; who is gone is absent. */
export async function namesOfUsers(ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db().user.findMany({
    where: { id: { in: [...ids] } },
    select: { id: true, name: true },
  })
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** Whether Twig has no people yet: the first may always sign up (contract.md 2). */
export async function nobodyYet(client: Transaction | ReturnType<typeof db> = db()): Promise<boolean> {
  return (await client.user.findFirst({ select: { id: true } })) === null
}

/** Makes a person with a password; null, changing nothing, when the address has an account. */
export async function insertUser(
  tx: Transaction,
  input: { email: string; name: string; passwordHash: string },
  now: Date,
): Promise<User | null> {
  const { email, name, passwordHash } = input
  const user = { id: newId('user'), email, name }
  const { count } = await tx.user.createMany({ data: [{ ...user, createdAt: now }], skipDuplicates: true })
  if (count === 0) return null
  await insertPassword(tx, user.id, passwordHash, now)
  return user
}

/** Makes a person without a password, whom an identity provider vouches for; null when the address has an account. */
export async function insertVouchedUser(
  tx: Transaction,
  input: { email: string; name: string },
  now: Date,
): Promise<User | null> {
  const user = { id: newId('user'), ...input }
  const { count } = await tx.user.createMany({ data: [{ ...user, createdAt: now }], skipDuplicates: true })
  return count === 1 ? user : null
}

/** Changes the caller's name. */
export async function updateProfile(principal: Principal, input: { name: string }): Promise<User> {
  const { userId } = asPerson(principal)
  const { name } = input
  return inTransaction(async (tx) => {
    const before = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { name: true } })
    const user = await tx.user.update({ where: { id: userId }, data: { name }, select: summary })
    if (before.name !== name) {
      const entry = { action: 'user.renamed', targetId: userId, before, after: { name } }
      await auditForPerson(tx, userId, principal, entry)
    }
    return user
  })
}

function invalid(field: string, message: string): TwigError {
  return new TwigError('invalid_request', message, { details: { fields: { [field]: message } } })
}

function requireEmail(input: string): string {
  const email = canonicalEmail(input)
  if (!email) throw invalid('email', `${JSON.stringify(input)} is not an e-mail address.`)
  return email
}

function requireBounds(password: string): void {
  const { least, most } = PASSWORD_LENGTH
  if (password.length >= least && password.length <= most) return
  throw invalid('password', `A password has ${least} to ${most} characters.`)
}

/**
 * Makes a person; the operator's alone. Without an organization they get one of their own, as by signing up.
 * Throws conflict when the address has an account, not_found for the organization, invalid_request.
 */
export async function createUser(input: {
  email: string
  password: string
  name?: string
  /** Id or slug. */
  organization?: string
  role?: Role
}): Promise<User> {
  const email = requireEmail(input.email)
  const name = requireName(input.name?.trim() || email.slice(0, email.indexOf('@')))
  requireBounds(input.password)
  requireStrongPassword(input.password, { email, name }, 'password')
  const organization = input.organization ? await findOrganization(input.organization) : null
  const passwordHash = await hashPassword(input.password)
  const { role = 'member' } = input
  return inTransaction(async (tx) => {
    const user = await insertUser(tx, { email, name, passwordHash }, new Date())
    if (!user) throw new TwigError('conflict', `${email} has an account already.`)
    if (!organization) {
      await createOrganizationForPerson(tx, user, 'operator')
      return user
    }
    await addMember(tx, { organizationId: organization.id, userId: user.id, role })
    const entry = { action: 'member.added', targetId: user.id, after: { email, role } }
    await recordAudit(tx, operatorFor(organization.id), entry)
    return user
  })
}

/** Sets a person's password and ends their sessions; the operator's alone. Throws not_found, invalid_request. */
export async function setPassword(input: {
  email: string
  password: string
}): Promise<User & { ended: number }> {
  const user = await findUserByEmail(requireEmail(input.email))
  if (!user) throw new TwigError('not_found', 'Nobody has an account with this address.')
  requireBounds(input.password)
  return { ...user, ...(await setPasswordOf(user, input.password)) }
}

/** Everybody, or the members of one organization, oldest account first; the operator's alone. */
export async function listUsers(
  organization?: string,
): Promise<
  Array<User & { createdAt: Date; memberships: Array<{ organizationId: string; slug: string; role: Role }> }>
> {
  const where = organization
    ? { memberships: { some: { organizationId: (await findOrganization(organization)).id } } }
    : {}
  const rows = await db().user.findMany({
    where,
    select: {
      ...summary,
      createdAt: true,
      memberships: { select: { role: true, organization: { select: { id: true, slug: true } } } },
    },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  return rows.map(({ memberships, ...user }) => {
    const places = memberships.map(({ role, organization: { id, slug } }) => ({
      organizationId: id,
      slug,
      role,
    }))
    return { ...user, memberships: places }
  })
}
