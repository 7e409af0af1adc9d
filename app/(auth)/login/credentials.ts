import { z } from 'zod/mini'

/** What came of an attempt to sign in; `message` says what to do. */
export type SignInOutcome =
  | { ok: true }
  | { ok: false; title: string; message: string; ssoRequired?: boolean }

const Token = z.object({ csrfToken: z.string() })
const Refusal = z.object({ error: z.string(), message: z.string(), code: z.string() })

const NO_ANSWER: SignInOutcome = {
  ok: false,
  title: 'No answer',
  message: 'Twig did not answer. What you typed is still here; try again.',
}

/**
 * Signs in by next-auth's own two requests. Its browser client would leave this page for an address that does not exist
 * when the network fails in between; here what was typed stays.
 */
export async function signInWith(email: string, password: string): Promise<SignInOutcome> {
  try {
    const { csrfToken } = Token.parse(await (await fetch('/api/auth/csrf', { cache: 'no-store' })).json())
    const answer = await fetch('/api/auth/callback/credentials', {
      method: 'POST',
      body: new URLSearchParams({ csrfToken, email, password, json: 'true' }),
    })
    if (answer.ok) return { ok: true }
    const { error, message, code } = Refusal.parse(await answer.json())
    return { ok: false, title: error, message, ssoRequired: code === 'sso_required' }
  } catch {
    return NO_ANSWER
  }
}
