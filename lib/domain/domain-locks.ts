import { domainOf } from '../core/domain-names'
import type { Transaction } from '../store/db'

// Whose a domain is changes under a lock on its name, because nothing else is there while it is nobody's. It is taken
// before that of the organization's row.

/** Holds a domain's name until the transaction ends: nobody takes it, loses it, or looks whose it is. */
export async function holdDomain(tx: Transaction, name: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`twig:domain:${name}`}, 0))`
}

/** Keeps the owners of addresses' domains what they are until the transaction ends. Any number may do so at once. */
export async function keepOwners(tx: Transaction, emails: readonly string[]): Promise<void> {
  for (const name of [...new Set(emails.map(domainOf))].sort())
    await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended(${`twig:domain:${name}`}, 0))`
}
