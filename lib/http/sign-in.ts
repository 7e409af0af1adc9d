import type { RequestOrigin, UserPrincipal } from '../core/principal'
import { acceptInvitation } from '../domain/invitation-acceptance'
import { leaveOrganization } from '../domain/member-removal'
import { deleteOrganization } from '../domain/organization-deletion'
import { switchOrganization } from '../domain/organization-switch'
import { resetPassword } from '../domain/passwords'
import { findPlace, type SignInOrigin, type StartedSession } from '../domain/sessions'
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

/** A verb after which the session may be elsewhere: the cookie follows, where the session goes on. */
function followingSession<I, T>(verb: (principal: UserPrincipal, input: I) => Promise<T>) {
  return async (principal: UserPrincipal, input: I): Promise<T> => {
    const result = await verb(principal, input)
    // It is done: whoever cannot be followed now is led on from the page for blocked people.
    const place = await findPlace(principal).catch(() => null)
    if (place) await setSessionCookie(place)
    return result
  }
}

export const leaveOrganizationHere = followingSession(
  (principal, choices: Parameters<typeof leaveOrganization>[1]) => leaveOrganization(principal, choices),
)
export const deleteOrganizationHere = followingSession(
  (principal, input: Parameters<typeof deleteOrganization>[1]) => deleteOrganization(principal, input),
)
