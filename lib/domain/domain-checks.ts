import { type DomainVerdict, judgeTxt, namesToLookUp } from '../core/domain-names'
import { roleAtLeast } from '../core/principal'
import type { Domain } from '../generated/prisma/client'
import { db, inTransaction, type Transaction } from '../store/db'
import { lookUpTxt } from '../store/dns'
import { recordAudit, systemFor } from './audit'
import { holdDomain } from './domain-locks'
import { mailDomainMissing } from './mails'
import { listMembers, operatorFor } from './organizations'

const DAY_MS = 24 * 3600 * 1000
/** How long a verified domain may be without its record. */
export const GRACE_DAYS = 14
const CHECKED_A_TURN = 20

/** Asks DNS in all three places at once, and judges what it said. */
export async function lookUpDomain(name: string, token: string): Promise<DomainVerdict> {
  const names = namesToLookUp(name)
  const [right, doubled, apex] = await Promise.all([
    lookUpTxt(names.right),
    lookUpTxt(names.doubled),
    lookUpTxt(names.apex),
  ])
  return judgeTxt(name, token, { right, doubled, apex })
}

/** Domains whose daily check is due; taking them counts as checking, so that no other process takes them too. */
function claim(now: Date): Promise<Domain[]> {
  const due = { checkedAt: { lt: new Date(now.getTime() - DAY_MS) } }
  return inTransaction(async (tx) => {
    const rows = await tx.domain.findMany({
      where: { ...due, verifiedAt: { not: null }, vouchedAt: null },
      orderBy: { checkedAt: 'asc' },
      take: CHECKED_A_TURN,
      select: { id: true },
    })
    const where = { ...due, id: { in: rows.map(({ id }) => id) } }
    return tx.domain.updateManyAndReturn({ where, data: { checkedAt: now } })
  })
}

async function noteMissing(
  tx: Transaction,
  domain: Domain,
  finding: string,
  now: Date,
): Promise<'kept' | 'begun' | 'ended'> {
  const { id, organizationId, name, missingSince } = domain
  await holdDomain(tx, name)
  const since = missingSince ?? now
  const isOver = now.getTime() - since.getTime() >= GRACE_DAYS * DAY_MS
  const lapsed = isOver ? { verifiedAt: null, ownedName: null } : {}
  // Only where nothing was verified, removed or vouched for meanwhile.
  const same = { id, missingSince, verifiedAt: domain.verifiedAt, vouchedAt: null }
  const data = { finding, checkedAt: now, missingSince: isOver ? null : since, ...lapsed }
  const { count } = await tx.domain.updateMany({ where: same, data })
  if (count === 0 || (missingSince && !isOver)) return 'kept'
  const action = isOver ? 'domain.lapsed' : 'domain.record_missing'
  await recordAudit(tx, systemFor(organizationId), {
    action,
    targetId: id,
    after: { domain: name, finding },
  })
  return isOver ? 'ended' : 'begun'
}

async function mailAdmins(domain: Domain, finding: string, isOver: boolean): Promise<void> {
  const members = await listMembers(operatorFor(domain.organizationId))
  const admins = members.filter(({ role }) => roleAtLeast(role, 'admin'))
  for (const { email } of admins)
    mailDomainMissing(email, { name: domain.name, finding, isOver, graceDays: GRACE_DAYS })
}

async function recheck(domain: Domain, now: Date): Promise<void> {
  const { id, name, token } = domain
  const { outcome, finding } = await lookUpDomain(name, token)
  if (outcome === 'unknown') return
  if (outcome === 'found') {
    await db().domain.updateMany({ where: { id }, data: { finding, missingSince: null } })
    return
  }
  await missRecord(domain, finding, now)
}

/**
 * Notes that a verified domain's record was looked for and is not there, whoever looked: grace begins, goes on or ends, and
 * admins are told of its beginning and end.
 */
export async function missRecord(domain: Domain, finding: string, now: Date): Promise<void> {
  const step = await inTransaction((tx) => noteMissing(tx, domain, finding, now))
  if (step !== 'kept') await mailAdmins(domain, finding, step === 'ended')
}

/**
 * Looks once a day whether verified domains still have their record. A missing one is told to the admins at once and ends
 * the verification 14 days later; DNS that does not answer changes nothing. Any number of processes may call it at once.
 * Returns the domains checked.
 */
export async function recheckDomains(now: Date = new Date()): Promise<number> {
  let checked = 0
  for (let domains = await claim(now); domains.length > 0; domains = await claim(now)) {
    for (const domain of domains) await recheck(domain, now)
    checked += domains.length
  }
  return checked
}
