import { log } from './log'

/** One for the process: the server's modules and those that Next bundled must see the same work. */
const shared = globalThis as unknown as { twigBackground?: Set<Promise<void>> }
shared.twigBackground ??= new Set()
const running = shared.twigBackground

/** A reason without addresses or values: messages of drivers and mail servers quote what they were given. */
export function bareCause(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { code, responseCode } = error as Error & { code?: unknown; responseCode?: unknown }
  // A DOMException's is a number, which says less than its name.
  return [typeof code === 'string' ? code : error.name, responseCode]
    .filter((part) => part !== undefined)
    .join(' ')
}

/** Starts work that no answer waits for, because neither its outcome nor its time may show. A failure is logged. */
export function inBackground(what: string, work: () => Promise<void>): void {
  const task = work()
    .catch((error: unknown) => log().error({ what, cause: bareCause(error) }, 'background work failed'))
    .finally(() => running.delete(task))
  running.add(task)
}

/** How much of it is under way. */
export function backgroundSize(): number {
  return running.size
}

/** Resolves when all of it is done, what it started itself included. For an orderly end of the process. */
export async function backgroundSettled(): Promise<void> {
  while (running.size > 0) await Promise.all(running)
}
