import type { Role, UserPrincipal } from '../../core/principal'

export type Kind =
  | 'agent'
  | 'source'
  | 'connected'
  | 'document'
  | 'key'
  | 'external'
  | 'member'
  | 'invitation'
  | 'range'
  | 'domain'
  | 'connection'
type Call = (principal: UserPrincipal, id: string) => Promise<unknown>

export interface Action {
  /** The verb that a server action runs. */
  verb: string
  /** The least role, or null where the role is no matter. */
  least: Role | null
  /** What `id` is of; of another organization it is not found. */
  kind?: Kind
  call: Call
}
