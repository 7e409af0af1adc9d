import type { Transaction } from './db'

/** Holds a lock of this name until the transaction ends; everyone else who asks for it waits. For what no row can be locked for. */
export async function lockUntilCommit(tx: Transaction, name: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`twig:${name}`}, 0))`
}
