import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import { longestMs, withinBudget } from '../edge/budget'
import { nodeEnv } from '../env/node'
import { Prisma, PrismaClient } from '../generated/prisma/client'
import { borrowedPool } from './borrowed-pool'
import { observedAdapter } from './observed-adapter'
import { postgresPool } from './postgres-pool'

interface Patience {
  pool: 'requests' | 'chores'
  /** For a connection, or a free one of the pool. */
  connectMs: number
  statementMs: number
  poolSize: number
}

/**
 * Of requests: either of the two, after the gate has waited in vain for Redis and for Postgres (0.3 s each) and a secret
 * was hashed, is less than the two seconds in which every one is answered by a process that has nothing else to do.
 */
const OF_REQUESTS: Patience = { pool: 'requests', connectMs: 800, statementMs: 800, poolSize: 10 }
/** Of commands and chores, which nobody waits for in front of a browser. */
const OF_CHORES: Patience = { pool: 'chores', connectMs: 10_000, statementMs: 60_000, poolSize: 2 }
/** How much longer than Postgres itself the driver waits for a statement to be given up. */
const DRIVER_MS = 100
/** A page asks for several things at once; after a pause it need not wait for as many new connections. */
const IDLE_MS = 300_000
/** What an authentication may wait for one answer of the database. */
const BUDGET_MS = 300

function adapterFor({ connectMs, statementMs, poolSize }: Patience): PrismaPg {
  const { databaseUrl, directDatabaseUrl } = nodeEnv()
  const options = {
    connectionString: databaseUrl,
    size: poolSize,
    connectMs,
    answerMs: statementMs + DRIVER_MS,
    idleMs: IDLE_MS,
  }
  const pool =
    directDatabaseUrl === undefined
      ? postgresPool({ ...options, statementTimeoutMs: statementMs })
      : borrowedPool(postgresPool(options), statementMs)
  return new PrismaPg(pool, { disposeExternalPool: true })
}

function connect(patience: Patience) {
  const { pool, connectMs, statementMs } = patience
  return new PrismaClient({
    adapter: observedAdapter(adapterFor(patience), pool),
    errorFormat: 'minimal',
    // By the clock, stalls of ours included; inTransaction and the pool have budgets.
    transactionOptions: { maxWait: longestMs(connectMs), timeout: longestMs(statementMs * 2) },
    omit: {
      password: { hash: true },
      apiKey: { secretHash: true },
      invitation: { tokenDigest: true },
      passwordReset: { tokenDigest: true },
      pendingSignUp: { passwordHash: true, tokenDigest: true },
      externalKey: { sealedKey: true },
      ssoConnection: { sealedClientSecret: true },
      serviceKey: { sealedKey: true },
      ssoFlow: { stateDigest: true, codeVerifier: true },
      socialFlow: { stateDigest: true, codeVerifier: true, linkDigest: true },
      pendingSocialSignUp: { tokenDigest: true },
      oauthToken: { sealedAccessToken: true, sealedRefreshToken: true },
      connectorFlow: { stateDigest: true, codeVerifier: true },
      tokenRevocation: { sealedTokens: true },
    },
  })
}

type Client = ReturnType<typeof connect>

// Survives the module reloads of development, which would otherwise leave a pool behind each time.
const shared = globalThis as unknown as { twigDb?: Client; twigPatientDb?: Client }
const patient = new AsyncLocalStorage<true>()

/** The database. Hashes and digests are omitted from every result unless a query asks for them. */
export function db(): Client {
  if (patient.getStore()) {
    shared.twigPatientDb ??= connect(OF_CHORES)
    return shared.twigPatientDb
  }
  shared.twigDb ??= connect(OF_REQUESTS)
  return shared.twigDb
}

/** Runs work that may wait long for the database, on connections of its own: commands and chores. */
export function patiently<T>(work: () => Promise<T>): Promise<T> {
  return patient.run(true, work)
}

/** Closes the pools; the next use opens new ones. */
export async function closeDb(): Promise<void> {
  const { twigDb, twigPatientDb } = shared
  shared.twigDb = undefined
  shared.twigPatientDb = undefined
  await Promise.all([twigDb?.$disconnect(), twigPatientDb?.$disconnect()])
}

export type Transaction = Parameters<Parameters<Client['$transaction']>[0]>[0]

/** Runs the work in one transaction; all of it happens or none. It has as long as two statements may take. */
export function inTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
  const { statementMs } = patient.getStore() ? OF_CHORES : OF_REQUESTS
  return db().$transaction((tx) => withinBudget(work(tx), statementMs * 2, tooLate))
}

/** Postgres did not answer within the time that there was for it. */
class BudgetExceeded extends Error {
  override readonly name = 'DriverAdapterError'
}

function tooLate(): Error {
  return new BudgetExceeded('timeout exceeded')
}

/** The answer to a look-up that an authentication waits for; after 300 ms it counts as an outage. */
export function inTime<T>(answer: Promise<T>): Promise<T> {
  return withinBudget(answer, BUDGET_MS, tooLate)
}

/** Prisma: unreachable, timed out, closed, no pool slot, transaction not started in time. */
const OUTAGE_CODES = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1008',
  'P1010',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
])
/** Whatever Postgres said that Prisma has no code for: to a query written out, and to any other. */
const UNSORTED_CODES = new Set(['P2010', 'P2039'])
/** Sockets, and Postgres starting, stopping, full, read-only or out of patience (SQLSTATE). */
const OUTAGE_TEXT =
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|Can't reach|timed out|denied access|Authentication failed|timeout|terminat|Connection|57P0[123]|53\d\d\d|25006|57014/i

/** What pg and its pool throw themselves: sockets by code, the rest by these words alone. */
const DRIVER_CODE = /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/
const DRIVER_TEXT = /^(?:Connection terminated|timeout exceeded|Query read timeout|Client has encountered)/

/** Whether an error means that Postgres cannot answer now, rather than that the query was wrong. */
export function isDatabaseOutage(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return OUTAGE_CODES.has(error.code) || (UNSORTED_CODES.has(error.code) && OUTAGE_TEXT.test(error.message))
  }
  if (error instanceof Prisma.PrismaClientUnknownRequestError) return OUTAGE_TEXT.test(error.message)
  if (!(error instanceof Error)) return false
  const { code } = error as Error & { code?: unknown }
  return (
    error.name === 'DriverAdapterError' || DRIVER_CODE.test(String(code)) || DRIVER_TEXT.test(error.message)
  )
}

/** Throws unless Postgres answers and has Twig's tables. */
export async function checkDatabase(): Promise<void> {
  await db().organization.findFirst({ select: { id: true } })
}
