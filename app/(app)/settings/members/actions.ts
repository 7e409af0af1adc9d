'use server'

import { InvitationIdInput, InviteMemberInput } from '@/lib/core/schemas'
import { inviteMember, revokeInvitation } from '@/lib/domain/invitations'
import { action } from '@/lib/http/action'

export const invite = action(InviteMemberInput, inviteMember)
export const revoke = action(InvitationIdInput, revokeInvitation)
