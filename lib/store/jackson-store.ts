import { bareCause } from './background'
import { log } from './log'

/** What of its store saml-jackson does on its own, by timers that nobody waits for. */
interface LibraryStore {
  db: {
    ttlCleanup: () => Promise<void>
    timerId: NodeJS.Timeout
    close: () => Promise<void>
  }
  getAll: (namespace: string, ...page: unknown[]) => Promise<{ data: unknown[] }>
}

const library = globalThis as unknown as { __jacksonDb?: Promise<LibraryStore> }

const TRACES = 'saml:tracer'

/** The same database, but a schema of its own, few connections and short waits. Of Postgres itself: no pooler keeps the schema. */
export function jacksonUrl(databaseUrl: string, statementMs: number): string {
  const url = new URL(databaseUrl)
  const given = url.searchParams.get('options')
  const options = `${given ? `${given} ` : ''}-c search_path=jackson -c statement_timeout=${statementMs}`
  const parameters = `options=${encodeURIComponent(options)}&max_conns=3&connect_timeout=2`
  url.searchParams.delete('options')
  return `${url}${url.search === '' ? '?' : '&'}${parameters}`
}

/** What saml-jackson calls itself by in the log: never its own words, which may quote what it was given. */
export const quietLogger = {
  info: () => undefined,
  warn: () => log().debug('saml-jackson warns'),
  error: () => log().debug('saml-jackson failed'),
}

/**
 * Makes what a store does on its own fail for nobody: a rejection there would end the process, and the clearing for good.
 * @param ttlSeconds how often it clears away what is too old
 */
export function guardStore(store: LibraryStore, ttlSeconds: number): void {
  const { db } = store
  const [clear, close, getAll] = [db.ttlCleanup, db.close.bind(db), store.getAll.bind(store)]
  let isClosed = false
  const later = () => {
    clearTimeout(db.timerId)
    if (!isClosed) db.timerId = setTimeout(db.ttlCleanup, ttlSeconds * 1000)
  }
  db.close = () => {
    isClosed = true
    return close()
  }
  db.ttlCleanup = async () => {
    try {
      await clear()
    } catch (error) {
      log().debug({ cause: bareCause(error) }, 'saml-jackson could not clear up')
      later()
    }
  }
  later()
  // Traces are switched off, yet it looks for old ones, at its start too, when it may be closed already.
  store.getAll = async (namespace, ...page) =>
    namespace === TRACES ? { data: [] } : getAll(namespace, ...page)
}

/** Opens saml-jackson on a store of its own: it would take the last one of this process again, closed as that is. */
export async function onNewStore<T>(ttlSeconds: number, open: () => Promise<T>): Promise<T> {
  Reflect.deleteProperty(library, '__jacksonDb')
  const opened = open()
  // Before the library goes on with its store: it awaits the same promise one step further away.
  library.__jacksonDb?.then(
    (store) => guardStore(store, ttlSeconds),
    () => undefined,
  )
  return opened
}
