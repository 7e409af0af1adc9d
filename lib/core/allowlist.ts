import { TwigError } from './errors'
import { rangeOfAddress } from './ip-ranges'

/** So many ranges has a list at most. */
export const RANGES_MAX = 1_000

/** How long what was switched on in the console waits to be confirmed from an allowed address. */
export const CONFIRM_MS = 5 * 60_000

/** The 403 of a caller whom the allowlist does not hold; names the address as Twig sees it, which saves hours. */
export function ipNotAllowed(clientIp: string): TwigError {
  const message = `Requests from ${clientIp} are refused: this address is in none of the ranges of the organization’s IP allowlist. An admin can add it in Settings → Security.`
  return new TwigError('ip_not_allowed', message, { details: { client_ip: clientIp } })
}

/** The 503 where there is an allowlist and nobody can tell where the caller is: neither in the list nor outside of it. */
export function addressUnknown(): TwigError {
  const message =
    'The organization has an IP allowlist, and Twig cannot tell which address this request comes from. Whoever runs this Twig sets TRUSTED_PROXY_HOPS.'
  return new TwigError('temporarily_unavailable', message)
}

/** The 409 of a change after which the caller would be outside; names the range that would keep them in. */
export function wouldLockOut(clientIp: string | null, advice: string): TwigError {
  const missing = rangeOfAddress(clientIp)
  const message = missing
    ? `You are calling from ${clientIp}, which the list would not hold then. ${advice}`
    : `Twig cannot tell which address you are calling from, so the list would refuse you. ${advice}`
  return new TwigError('would_lock_out', message, {
    details: { client_ip: clientIp, missing_range: missing },
  })
}
