'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import type { Belongings, Member, RemovalQuery, RemovedMember } from '@/lib/core/member-schemas'
import { mintableScopes, type Role, roleAtLeast } from '@/lib/core/principal'
import { HOME_PATH } from '@/lib/core/return-path'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { toast } from '../../../_ui/toast'
import { leave, lookUpMember, remove } from './actions'
import { LeftBehind } from './left-behind'

export interface RemoveMemberProps {
  member: Pick<Member, 'id' | 'name' | 'email'>
  own: { id: string; role: Role }
  organization: string
  onClose: () => void
}

/** For a sentence that nobody should miss. */
const LONG_MS = 15_000

/** What was done, and whether a cache still has to hear of it. */
function say(name: string, removed: RemovedMember) {
  const { api_keys_revoked: keys, connections_ended: sources, sessions_ended: sessions } = removed
  const late = keys.filter(({ effective_at, revoked_at }) => {
    return Date.parse(effective_at) - Date.parse(revoked_at) >= 60_000
  })
  const title = `${name} removed`
  if (late.length > 0) {
    const description = `A cache could not be told of ${late.length === 1 ? 'one key' : `${late.length} keys`} yet: they may be accepted for up to five minutes.`
    return toast.warning(title, { description, duration: LONG_MS })
  }
  const ended = sessions === 1 ? 'One session ended' : `${sessions} sessions ended`
  const revoked =
    keys.length === 0 ? '' : keys.length === 1 ? ', one key revoked' : `, ${keys.length} keys revoked`
  const disconnected =
    sources.length === 0
      ? ''
      : sources.length === 1
        ? ', one data source disconnected'
        : `, ${sources.length} data sources disconnected`
  toast.success(title, { description: `${ended}${revoked}${disconnected}.` })
}

/** Removes a member, or lets this person leave: what they leave behind is shown, with a choice for each. */
export function RemoveMember({ member, own, organization, onClose }: RemoveMemberProps) {
  const router = useRouter()
  const isSelf = member.id === own.id
  const [found, setFound] = useState<Belongings | 'unknown'>()
  const [choices, setChoices] = useState<RemovalQuery>({
    api_keys: 'keep',
    connections: 'keep',
    // Of somebody who is removed, an invitation to another address of theirs would be a way back.
    invitations: isSelf ? 'keep' : 'withdraw',
  })

  useEffect(() => {
    let current = true
    lookUpMember({ id: member.id })
      .then(
        (result) => (result.ok ? result.value.leaves_behind : ('unknown' as const)),
        () => 'unknown' as const,
      )
      .then((belongings) => current && setFound(belongings))
    return () => {
      current = false
    }
  }, [member.id])

  async function confirm() {
    const result = await (isSelf ? leave(choices) : remove({ id: member.id, ...choices })).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    if (isSelf) {
      // A full load: nothing of the organization may stay in the browser's memory.
      window.location.assign(HOME_PATH)
      return new Promise<undefined>(() => {})
    }
    say(member.name, result.value)
    router.refresh()
  }

  const mintable = mintableScopes(own.role)
  const mayRevoke =
    typeof found === 'object' &&
    found.api_keys.every(({ scopes }) => scopes.every((scope) => mintable.includes(scope)))
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={isSelf ? `Leave ${organization}?` : `Remove ${member.name}?`}
      description={
        isSelf
          ? 'You lose access at once. To come back you need a new invitation.'
          : `${member.email} loses access to ${organization} at once. The account stays, and so do other organizations. To come back they need a new invitation.`
      }
      typeToConfirm={choices.api_keys === 'revoke' ? member.name : undefined}
      confirmLabel={isSelf ? 'Leave' : 'Remove'}
      onConfirm={confirm}
    >
      <LeftBehind
        found={found}
        isSelf={isSelf}
        mayRevoke={mayRevoke}
        mayDisconnect={roleAtLeast(own.role, 'member')}
        choices={choices}
        onChoose={(choice) => setChoices({ ...choices, ...choice })}
      />
    </ConfirmDialog>
  )
}
