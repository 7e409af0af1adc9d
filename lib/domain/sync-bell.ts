/** One for the process: the routes that Next bundled ring, the server's own modules listen. */
const shared = globalThis as unknown as { twigSyncBell?: () => void }

/** Says that a source is due. Where nobody listens, the next look at the table finds it. */
export function ringSyncBell(): void {
  shared.twigSyncBell?.()
}

/** Sets who listens; nobody when absent. */
export function onSyncBell(listener: (() => void) | undefined): void {
  shared.twigSyncBell = listener
}
