import type {
  IsolationLevel,
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlQueryable,
} from '@prisma/driver-adapter-utils'
import { metrics } from './metrics'
import { type SpanFacts, tracer } from './tracing'

type Pool = 'requests' | 'chores'

/** Postgres is not there, or not for us; what else the driver tells, Postgres has answered. */
const OUTAGES =
  /^(?:DatabaseNotReachable|DatabaseDoesNotExist|DatabaseAccessDenied|ConnectionClosed|TlsConnectionError|AuthenticationFailed|TooManyConnections|SocketTimeout)$/
/** Postgres stopping, starting, full, read-only or out of patience (SQLSTATE). */
const OUTAGE_STATE = /^(?:57P0[123]|53\w{3}|25006|57014)$/

function failureKind(error: unknown): 'error' | 'outage' {
  const { kind, code } = ((error as { cause?: unknown } | null)?.cause ?? {}) as Record<string, unknown>
  if (kind === 'postgres') return OUTAGE_STATE.test(String(code)) ? 'outage' : 'error'
  return kind === undefined || OUTAGES.test(String(kind)) ? 'outage' : 'error'
}

/** The verb and the table of a statement. Prisma's have their values apart, and none of the text is told. */
function statementFacts(sql: string): { operation: string; facts: SpanFacts } {
  const operation = /^\s*(\w{1,12})/.exec(sql)?.[1]?.toUpperCase() ?? 'QUERY'
  const table = /\b(?:from|into|update)\s+(?:"?public"?\.)?"?(\w{1,64})"?/i.exec(sql)?.[1]
  const facts = { 'db.system.name': 'postgresql', 'db.operation.name': operation }
  return { operation, facts: table ? { ...facts, 'db.collection.name': table } : facts }
}

async function timed<T>(pool: Pool, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now()
  try {
    return await work()
  } catch (error) {
    metrics.postgresFailures.add(pool, failureKind(error))
    throw error
  } finally {
    metrics.postgresSeconds.observe(performance.now() - startedMs, pool)
  }
}

function observed<T>(pool: Pool, { sql }: SqlQuery, work: () => Promise<T>): Promise<T> {
  const tracing = tracer()
  if (!tracing) return timed(pool, work)
  const { operation, facts } = statementFacts(sql)
  return tracing.span(`postgres ${operation}`, facts, () => timed(pool, work))
}

function observeStatements<Q extends SqlQueryable>(queryable: Q, pool: Pool): Q {
  const queryRaw = queryable.queryRaw.bind(queryable)
  const executeRaw = queryable.executeRaw.bind(queryable)
  queryable.queryRaw = (query) => observed(pool, query, () => queryRaw(query))
  queryable.executeRaw = (query) => observed(pool, query, () => executeRaw(query))
  return queryable
}

function observeAdapter(adapter: SqlDriverAdapter, pool: Pool): SqlDriverAdapter {
  const begin = adapter.startTransaction.bind(adapter)
  adapter.startTransaction = async (level?: IsolationLevel) =>
    observeStatements(await timed(pool, () => begin(level)), pool)
  return observeStatements(adapter, pool)
}

/** A driver whose statements are counted, timed and, where traces are wanted, shown in them. */
export function observedAdapter(factory: SqlDriverAdapterFactory, pool: Pool): SqlDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => observeAdapter(await factory.connect(), pool),
  }
}
