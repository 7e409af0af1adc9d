const NAME = 'twig:signed-in-until'

/** Until when this browser is signed in, in Unix seconds; null when it never was or logged out. Not a secret, and no proof. */
export function readSignedInUntil(): number | null {
  try {
    const value = Number(localStorage.getItem(NAME))
    return Number.isSafeInteger(value) && value > 0 ? value : null
  } catch {
    return null
  }
}

/** Leaves the mark, or with null removes it. A browser that keeps nothing is fine: then the login page gives no reason. */
export function markSignedInUntil(untilSeconds: number | null): void {
  try {
    if (untilSeconds === null) localStorage.removeItem(NAME)
    else localStorage.setItem(NAME, String(untilSeconds))
  } catch {}
}
