import { PrismaPg } from '@prisma/adapter-pg'
import { nodeEnv } from '../env/node'
import { Prisma, PrismaClient } from '../generated/prisma/client'

const CONNECT_TIMEOUT_MS = 2_000
const STATEMENT_TIMEOUT_MS = 5_000
const POOL_SIZE = 10

function connect() {
  const adapter = new PrismaPg({
    connectionString: nodeEnv().databaseUrl,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
  })
  return new PrismaClient({
    adapter,
    errorFormat: 'minimal',
    transactionOptions: { maxWait: CONNECT_TIMEOUT_MS, timeout: STATEMENT_TIMEOUT_MS * 2 },
    omit: {
      password: { hash: true },
      apiKey: { secretHash: true },
      invitation: { tokenDigest: true },
      passwordReset: { tokenDigest: true },
      pendingSignUp: { passwordHash: true, tokenDigest: true },
    },
  })
}

type Client = ReturnType<typeof connect>

// Survives the module reloads of development, which would otherwise leave a pool behind each time.
const shared = globalThis as unknown as { twigDb?: Client }

/** The database. Hashes and digests are omitted from every result unless a query asks for them. */
export function db(): Client {
  shared.twigDb ??= connect()
  return shared.twigDb
}

/** Closes the pool; the next use opens a new one. */
export async function closeDb(): Promise<void> {
  await shared.twigDb?.$disconnect()
  shared.twigDb = undefined
}

export type Transaction = Parameters<Parameters<Client['$transaction']>[0]>[0]

/** Runs the work in one transaction; all of it happens or none. */
export function inTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
  return db().$transaction(work)
}

/** Whether an error is a broken unique constraint. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
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
/** Sockets, and Postgres starting, stopping, full, read-only or out of patience (SQLSTATE). */
const OUTAGE_TEXT =
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|timeout|terminat|Connection|57P0[123]|53\d\d\d|25006|57014/i

/** What pg and its pool throw themselves: sockets by code, the rest by these words alone. */
const DRIVER_CODE = /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/
const DRIVER_TEXT = /^(?:Connection terminated|timeout exceeded|Query read timeout|Client has encountered)/

/** Whether an error means that Postgres cannot answer now, rather than that the query was wrong. */
export function isDatabaseOutage(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return OUTAGE_CODES.has(error.code) || (error.code === 'P2010' && OUTAGE_TEXT.test(error.message))
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
