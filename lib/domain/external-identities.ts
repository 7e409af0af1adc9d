import { newId } from '../core/ids'
import type { SocialProvider } from '../core/social'
import type { db, Transaction } from '../store/db'

/** Who somebody is elsewhere: issuer and subject, within an organization. Addresses change hands; these do not. */
export interface ExternalIdentity {
  organizationId: string
  issuer: string
  subject: string
}

/** Whom an identity belongs to, their address, and whether they still are a member; null for one that was never seen. */
export async function findIdentity(
  tx: Transaction,
  { organizationId: realm, issuer, subject }: ExternalIdentity,
): Promise<{ userId: string; email: string; isMember: boolean } | null> {
  const row = await tx.externalIdentity.findUnique({
    where: { realm_issuer_subject: { realm, issuer, subject } },
    select: {
      userId: true,
      user: {
        select: { email: true, memberships: { where: { organizationId: realm }, select: { role: true } } },
      },
    },
  })
  if (!row) return null
  const { email, memberships } = row.user
  return { userId: row.userId, email, isMember: memberships.length > 0 }
}

/** Ties an identity to a person for good. It must not have been seen before. */
export async function linkIdentity(
  tx: Transaction,
  { organizationId, issuer, subject }: ExternalIdentity,
  userId: string,
  now: Date,
): Promise<void> {
  const row = { id: newId('ident'), userId, organizationId, realm: organizationId, issuer, subject }
  await tx.externalIdentity.create({ data: { ...row, createdAt: now, lastUsedAt: now } })
}

/** Notes that an identity was used. */
export async function touchIdentity(tx: Transaction, identity: ExternalIdentity, now: Date): Promise<void> {
  const { organizationId: realm, issuer, subject } = identity
  await tx.externalIdentity.updateMany({ where: { realm, issuer, subject }, data: { lastUsedAt: now } })
}

/** Who somebody is at Google or Microsoft, which are everybody's. */
export interface SocialIdentity {
  provider: SocialProvider
  issuer: string
  subject: string
}

const keyOf = ({ provider: realm, issuer, subject }: SocialIdentity) => ({ realm, issuer, subject })

/** Whose it is, or null; it cannot be unlinked before the transaction ends. */
export async function holdSocialOwner(tx: Transaction, identity: SocialIdentity): Promise<string | null> {
  const { provider, issuer, subject } = identity
  const rows = await tx.$queryRaw<Array<{ user_id: string }>>`
    SELECT user_id FROM external_identities
    WHERE realm = ${provider} AND issuer = ${issuer} AND subject = ${subject} FOR SHARE`
  return rows[0]?.user_id ?? null
}

/** Ties it to a person; false, changing nothing, where it belongs to somebody. `label` is what they know it by. */
export async function linkSocial(
  tx: Transaction,
  identity: SocialIdentity,
  { userId, label }: { userId: string; label: string | null },
  now: Date,
): Promise<boolean> {
  const row = { id: newId('ident'), userId, label, ...keyOf(identity), createdAt: now, lastUsedAt: now }
  return (await tx.externalIdentity.createMany({ data: [row], skipDuplicates: true })).count === 1
}

/** Notes that it was used. */
export async function touchSocial(tx: Transaction, identity: SocialIdentity, now: Date): Promise<void> {
  await tx.externalIdentity.updateMany({ where: keyOf(identity), data: { lastUsedAt: now } })
}

/** Forgets a person's account at a provider; false where none was linked. */
export async function unlinkSocial(
  tx: Transaction,
  userId: string,
  provider: SocialProvider,
): Promise<boolean> {
  return (await tx.externalIdentity.deleteMany({ where: { userId, realm: provider } })).count > 0
}

/** All that a person is known by elsewhere; `realm` is a provider or an organization that they are a member of. */
export function identitiesOf(
  userId: string,
  client: Transaction | ReturnType<typeof db>,
): Promise<Array<{ realm: string; organizationId: string | null; label: string | null; createdAt: Date }>> {
  return client.externalIdentity.findMany({
    where: {
      userId,
      OR: [{ organizationId: null }, { organization: { memberships: { some: { userId } } } }],
    },
    select: { realm: true, organizationId: true, label: true, createdAt: true },
    orderBy: { createdAt: 'asc' },
  })
}
