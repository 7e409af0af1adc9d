import { TwigError } from './errors'
import { type Principal, type Role, roleAtLeast } from './principal'

// Who may do what to whose membership (G1). The facts are those of now, found under a lock.

/** Who acts: a person by the role that they hold at this moment, a key like an admin, the operator above roles. */
export type Authority = Role | 'operator'

interface Facts {
  actor: Authority
  /** The role that the person has. */
  role: Role
  /** Owners besides that person. */
  otherOwners: number
}

/** What somebody acts as, with the role that they hold now; null for whoever holds none any more. */
export function authorityOf({ kind }: Principal, role: Role | null): Authority | null {
  if (kind === 'operator') return 'operator'
  return kind === 'key' ? 'admin' : role
}

function insufficient(message: string, required: Role, actor: Authority): TwigError {
  return new TwigError('insufficient_role', message, { details: { required_role: required, role: actor } })
}

/** Only owners touch owners. */
function requireOwnersHand({ actor, role }: Facts): void {
  if (role !== 'owner' || actor === 'owner' || actor === 'operator') return
  throw insufficient(`Only an owner can do this to an owner; you act as ${actor}.`, 'owner', actor)
}

/** An owner always remains. */
function requireAnotherOwner({ role, otherOwners }: Facts): void {
  if (role !== 'owner' || otherOwners > 0) return
  const message =
    'This is the last owner, and an organization always has one. Make somebody else an owner first.'
  throw new TwigError('conflict', message, { error: 'Last owner', details: { last_owner: true } })
}

/** Throws insufficient_role where the role is above the one who would give it. */
export function requireGivable(actor: Authority, role: Role): void {
  if (actor === 'operator' || roleAtLeast(actor, role)) return
  throw insufficient(`You can give roles up to your own, which is ${actor}.`, role, actor)
}

/** Throws insufficient_role above one's own role and for an owner whom no owner changes, conflict for the last owner. */
export function requireRoleChange(facts: Facts, wanted: Role): void {
  requireOwnersHand(facts)
  requireGivable(facts.actor, wanted)
  if (wanted !== 'owner') requireAnotherOwner(facts)
}

/** Throws insufficient_role for an owner whom no owner removes, conflict for the last owner. Everybody may leave. */
export function requireRemovable(facts: Facts, isSelf: boolean): void {
  if (!isSelf) requireOwnersHand(facts)
  requireAnotherOwner(facts)
}
