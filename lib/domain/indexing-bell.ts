/** One for the process: the routes that Next bundled ring, the server's own modules listen. */
const shared = globalThis as unknown as { twigIndexingBell?: () => void }

/** Says that a document waits. Where nobody listens, the next look at the table finds it. */
export function ringIndexingBell(): void {
  shared.twigIndexingBell?.()
}

/** Sets who listens; nobody when absent. */
export function onIndexingBell(listener: (() => void) | undefined): void {
  shared.twigIndexingBell = listener
}
