import { markSignedInUntil } from './signed-in-mark'

/** Ends the session on every process and clears the cookie (A7). False when Twig could not: then nothing has changed. */
export async function logOut(): Promise<boolean> {
  try {
    const answer = await fetch('/api/auth/logout', { method: 'DELETE' })
    if (answer.ok) markSignedInUntil(null)
    return answer.ok
  } catch {
    return false
  }
}
