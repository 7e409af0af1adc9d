import type { UserPrincipal } from '../core/principal'
import { beginSsoTest } from '../domain/sso-flows'
import { openSsoJourney } from './sso'

/** Begins a test of a connection in this browser; returns the address of the identity provider to send it to. */
export async function openSsoTest(principal: UserPrincipal, input: { id: string }): Promise<{ url: string }> {
  return { url: await openSsoJourney(await beginSsoTest(principal, input)) }
}
