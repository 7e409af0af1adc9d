import type { ErrorEntry } from './errors'

/** What an organization's IP allowlist refuses, and what is refused for its sake (F5): entries of the one table. */
export const allowlistErrors = {
  ip_not_allowed: {
    status: 403,
    error: 'Address not allowed',
    meaning:
      'The organization has an IP allowlist, and the address that the request came from, `client_ip`, is in none of its ranges.',
    fix: 'Call from an allowed address, or have an admin add this one in Settings → Security.',
  },
  would_lock_out: {
    status: 409,
    error: 'Would lock you out',
    meaning: 'With this change the IP allowlist would no longer hold the address that you are calling from.',
    fix: 'Add `missing_range` first, or repeat the request with `force: true` if that is what you want.',
  },
} as const satisfies Record<string, ErrorEntry>
