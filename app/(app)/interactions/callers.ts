import type { Interaction } from '@/lib/core/answer-schemas'
import { hasPermission, type Principal } from '@/lib/core/principal'
import { listMembers } from '@/lib/domain/organizations'
import { everyKey } from '../settings/api-keys/every-key'

/** Somebody or something that asks. */
interface Caller {
  id: string
  name: string
}

/** Who may have asked, for names and for choosing: empty for those who may not see keys and members. */
export interface Callers {
  keys: Caller[]
  people: Caller[]
}

/** The organization's keys and members, as far as the viewer may see them. */
export async function callersOf(principal: Principal): Promise<Callers> {
  const { keys } = hasPermission(principal, 'api-keys:read') ? await everyKey(principal) : { keys: [] }
  const people = hasPermission(principal, 'members:read') ? await listMembers(principal) : []
  return {
    keys: keys.map(({ id, name }) => ({ id, name })),
    people: people.map(({ userId, name }) => ({ id: userId, name })),
  }
}

/** Who asked, by name where it is known. */
export function callerText({ key_id: keyId, user_id: userId }: Interaction, callers: Callers): string {
  if (keyId !== null) return callers.keys.find(({ id }) => id === keyId)?.name ?? `Key ${keyId}`
  if (userId !== null) return callers.people.find(({ id }) => id === userId)?.name ?? `Person ${userId}`
  return 'The operator'
}
