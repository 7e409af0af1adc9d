import type { RequestOrigin } from '../core/principal'
import { acceptInvitation } from '../domain/invitation-acceptance'
import { switchOrganization } from '../domain/organization-switch'
import { resetPassword } from '../domain/passwords'
import type { SignInOrigin, StartedSession } from '../domain/sessions'
import { confirmSignUp, signUp } from '../domain/sign-ups'
import { currentUser, setSessionCookie, signInOrigin } from './session'

type Verb<I, T> = (input: I, origin: SignInOrigin) => Promise<T & { session: StartedSession | null }>

/** A verb whose session goes into the cookie, and nowhere else: a token must not reach scripts. */
function keepingSession<I, T>(verb: Verb<I, T>) {
  return async (input: I, origin: RequestOrigin): Promise<{ signedIn: boolean }> => {
    const { session } = await verb(input, await signInOrigin(origin))
    if (session) await setSessionCookie(session)
    return { signedIn: session !== null }
  }
}

/** Each of these proves who somebody is by other means than the login form, and signs them in here. */
export const signUpHere = keepingSession(signUp)
export const confirmSignUpHere = keepingSession(confirmSignUp)
export const resetPasswordHere = keepingSession(resetPassword)
export const acceptInvitationHere = keepingSession(
  async (input: Parameters<typeof acceptInvitation>[0], origin: SignInOrigin) =>
    acceptInvitation(input, origin, await currentUser()),
)

/** Moves the session to another organization; the cookie follows. */
export async function switchOrganizationHere(
  ...args: Parameters<typeof switchOrganization>
): Promise<{ organizationId: string }> {
  const session = await switchOrganization(...args)
  await setSessionCookie(session)
  return { organizationId: session.org }
}
