import type { Role } from '@/lib/core/principal'

export const roleNames: Record<Role, string> = {
  viewer: 'Viewer',
  member: 'Member',
  admin: 'Admin',
  owner: 'Owner',
}

/** What each role may do, in the words of the person who gives it. */
export const roleDescriptions: Record<Role, string> = {
  viewer: 'Sees agents, data and interactions.',
  member: 'Also makes and changes agents and data, and keys to use them.',
  admin: 'Also all settings, members and keys of every scope.',
  owner: 'Also other owners, and the organization itself.',
}
