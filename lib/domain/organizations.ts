import { TwigError } from '../core/errors'
import { newId, randomBase62 } from '../core/ids'
import { Slug } from '../core/organization-schemas'
import {
  type OperatorPrincipal,
  type Plan,
  type Principal,
  type RequestOrigin,
  type Role,
  requirePermission,
} from '../core/principal'
import { UpdateProfileInput } from '../core/schemas'
import { db, inTransaction, type Transaction } from '../store/db'
import { recordAudit } from './audit'

/** What anybody inside may know of an organization. */
export interface Organization {
  id: string
  slug: string
  name: string
  plan: Plan
}

/** A person's place in one organization. */
export interface Membership {
  organization: Organization
  role: Role
}

/** A member as lists of people to choose from have them. */
export interface MemberEntry {
  userId: string
  name: string
  email: string
  role: Role
  joinedAt: Date
}

const MAX_SLUG = 48
/** The one row about this Twig itself. */
const INSTALLATION = 'twig'
const summary = { id: true, slug: true, name: true, plan: true } as const

/** A short name for addresses and the command line: lower-case ASCII and hyphens. Accents fall away; what has no ASCII becomes `org`. */
export function slugOf(name: string): string {
  const ascii = name
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f'’]/g, '')
    .toLowerCase()
  const slug = ascii
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG)
    .replaceAll(/^-+|-+$/g, '')
  return slug === '' ? 'org' : slug
}

/** A digit or letter more when the short name is taken. Never a broken unique constraint: that would end the transaction. */
async function insert(tx: Transaction, name: string, slug: string, plan: Plan): Promise<Organization | null> {
  const id = newId('org')
  const { count } = await tx.organization.createMany({
    data: [{ id, name, slug, plan }],
    skipDuplicates: true,
  })
  if (count === 0) return null
  await noteFirst(tx, id)
  return { id, slug, name, plan }
}

/** Of several at once that are the first, the one that is there in the end stays it. */
async function noteFirst(tx: Transaction, organizationId: string): Promise<void> {
  const row = { id: INSTALLATION, firstOrganizationId: organizationId }
  await tx.installation.createMany({ data: [row], skipDuplicates: true })
}

async function insertNamed(tx: Transaction, name: string, plan: Plan): Promise<Organization> {
  const slug = slugOf(name)
  const first = await insert(tx, name, slug, plan)
  if (first) return first
  const stem = slug.slice(0, MAX_SLUG - 9)
  for (;;) {
    const next = await insert(tx, name, `${stem}-${randomBase62(8).toLowerCase()}`, plan)
    if (next) return next
  }
}

/** "Ada's organization" on the Free plan, with its owner (A10). In the transaction that makes the person. */
export async function createOrganizationForPerson(
  tx: Transaction,
  person: { id: string; name: string },
  by: RequestOrigin | 'operator',
): Promise<Organization> {
  const [firstName = person.name] = person.name.split(' ')
  const organization = await insertNamed(tx, `${firstName}'s organization`, 'free')
  const { id: organizationId, name, slug } = organization
  await tx.membership.create({ data: { organizationId, userId: person.id, role: 'owner' } })
  const actor =
    by === 'operator' ? operatorFor(organizationId) : actingFor(person.id, organizationId, 'owner', by)
  await recordAudit(tx, actor, {
    action: 'organization.created',
    targetId: organizationId,
    after: { name, slug, owner: person.id },
  })
  return organization
}

/** The principal of a person who acts for themself without a session, for the audit log of one organization. */
export function actingFor(
  userId: string,
  organizationId: string,
  role: Role,
  origin: RequestOrigin,
): Principal {
  const { requestId, clientIp } = origin
  return {
    kind: 'user',
    userId,
    sessionId: '',
    organizationId,
    role,
    environment: 'live',
    requestId,
    clientIp,
  }
}

/** Writes a change of a person's account into the audit log of each organization that they belong to. */
export async function auditForPerson(
  tx: Transaction,
  userId: string,
  by: RequestOrigin | 'operator',
  entry: Parameters<typeof recordAudit>[2],
): Promise<void> {
  for (const { organization, role } of await listMemberships(userId, tx)) {
    const actor =
      by === 'operator' ? operatorFor(organization.id) : actingFor(userId, organization.id, role, by)
    await recordAudit(tx, actor, entry)
  }
}

/** The operator, acting for one organization. */
export function operatorFor(organizationId: string): OperatorPrincipal {
  return { kind: 'operator', organizationId, environment: 'live' }
}

/** A name as the forms take it, cut of surrounding space. Throws invalid_request. */
export function requireName(input: string): string {
  const result = UpdateProfileInput.shape.name.safeParse(input)
  if (result.success) return result.data
  const message = `${result.error.issues[0]?.message ?? 'Name is not valid'}.`
  throw new TwigError('invalid_request', message, { details: { fields: { name: message } } })
}

/**
 * Makes an organization; the operator's alone. Throws conflict when the given short name is taken, invalid_request when
 * it is none or the name is no name; without one it is made from the name.
 */
export async function createOrganization(input: {
  name: string
  slug?: string
  plan?: Plan
}): Promise<Organization> {
  const { slug, plan = 'free' } = input
  const name = requireName(input.name)
  const wrong = slug === undefined ? undefined : Slug.safeParse(slug).error?.issues[0]?.message
  if (wrong) throw new TwigError('invalid_request', wrong, { details: { fields: { slug: wrong } } })
  return inTransaction(async (tx) => {
    const organization =
      slug === undefined ? await insertNamed(tx, name, plan) : await insert(tx, name, slug, plan)
    if (!organization)
      throw new TwigError('conflict', `There is an organization with the slug ${slug} already.`)
    await recordAudit(tx, operatorFor(organization.id), {
      action: 'organization.created',
      targetId: organization.id,
      after: { name, slug: organization.slug, plan },
    })
    return organization
  })
}

/** All organizations, oldest first; the operator's alone. */
export function listOrganizations(): Promise<Array<Organization & { createdAt: Date }>> {
  return db().organization.findMany({
    select: { ...summary, createdAt: true },
    orderBy: { createdAt: 'asc' },
  })
}

/** The organization with this id or short name. Throws not_found. */
export async function findOrganization(idOrSlug: string): Promise<Organization> {
  const where = idOrSlug.startsWith('org_') ? { id: idOrSlug } : { slug: idOrSlug }
  const organization = await db().organization.findUnique({ where, select: summary })
  if (!organization) throw new TwigError('not_found', 'There is no such organization.')
  return organization
}

/** Where a person belongs, oldest membership first. */
export function listMemberships(
  userId: string,
  tx: Transaction | ReturnType<typeof db> = db(),
): Promise<Membership[]> {
  return tx.membership.findMany({
    where: { userId },
    select: { role: true, organization: { select: summary } },
    orderBy: [{ createdAt: 'asc' }, { organizationId: 'asc' }],
  })
}

/** Where the person with this address belongs, who has signed in nowhere: for logs. */
export function membershipsOfAddress(
  email: string,
): Promise<Array<{ userId: string; organizationId: string }>> {
  return db().membership.findMany({
    where: { user: { email } },
    select: { userId: true, organizationId: true },
  })
}

/** The people of the principal's organization, those who joined first on top. */
export async function listMembers(
  principal: Principal,
  client: Transaction | ReturnType<typeof db> = db(),
): Promise<MemberEntry[]> {
  requirePermission(principal, 'members:read')
  const rows = await client.membership.findMany({
    where: { organizationId: principal.organizationId },
    select: { role: true, createdAt: true, user: { select: { id: true, name: true, email: true } } },
    orderBy: [{ createdAt: 'asc' }, { userId: 'asc' }],
  })
  return rows.map(({ role, createdAt, user }) => {
    return { userId: user.id, name: user.name, email: user.email, role, joinedAt: createdAt }
  })
}

/** Whether somebody with this address is a member of the organization. */
export async function isMember(organizationId: string, email: string, tx: Transaction): Promise<boolean> {
  return (await tx.membership.count({ where: { organizationId, user: { email } } })) > 0
}

/** A person's role in an organization, or null where they are no member. */
export async function roleOf(tx: Transaction, organizationId: string, userId: string): Promise<Role | null> {
  const where = { organizationId_userId: { organizationId, userId } }
  return (await tx.membership.findUnique({ where, select: { role: true } }))?.role ?? null
}

/** Makes a person a member; false, changing nothing, when they are one already. The caller writes the audit row. */
export async function addMember(
  tx: Transaction,
  membership: { organizationId: string; userId: string; role: Role },
): Promise<boolean> {
  const { count } = await tx.membership.createMany({ data: [membership], skipDuplicates: true })
  return count === 1
}

/** Whether an organization is the installation's first: that of whoever set it up. Once that is gone, none is. */
export async function isFirstOrganization(organizationId: string): Promise<boolean> {
  const row = await db().installation.findUnique({ where: { id: INSTALLATION } })
  return row?.firstOrganizationId === organizationId
}
