import type { Transaction } from '../store/db'
import { recordAudit } from './audit'
import { mailBreakGlass } from './mails'
import { actingFor } from './organizations'
import type { SignInOrigin } from './sessions'

/** Records that an owner came in by password past an enforced SSO, and tells all owners (D4). */
export async function recordBreakGlass(
  tx: Transaction,
  userId: string,
  organizationId: string,
  origin: SignInOrigin,
): Promise<void> {
  const entry = { action: 'sso.break_glass_used', targetId: userId }
  await recordAudit(tx, actingFor(userId, organizationId, 'owner', origin), entry)
  const owners = await tx.membership.findMany({
    where: { organizationId, role: 'owner' },
    select: { userId: true, user: { select: { email: true } }, organization: { select: { name: true } } },
  })
  const who = owners.find((owner) => owner.userId === userId)?.user.email ?? ''
  for (const { user, organization } of owners) mailBreakGlass(user.email, organization.name, who)
}
