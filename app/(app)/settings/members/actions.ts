'use server'

import {
  ChangeRoleInput,
  InvitationIdInput,
  InviteMemberInput,
  MemberIdInput,
  RemovalQuery,
  RemoveMemberInput,
} from '@/lib/core/member-schemas'
import { inviteMember, resendInvitation, revokeInvitation } from '@/lib/domain/invitations'
import { getMember, removeMember } from '@/lib/domain/member-removal'
import { changeMemberRole } from '@/lib/domain/members'
import { action } from '@/lib/http/action'
import { leaveOrganizationHere } from '@/lib/http/sign-in'

export const invite = action(InviteMemberInput, inviteMember)
export const resend = action(InvitationIdInput, resendInvitation)
export const revoke = action(InvitationIdInput, revokeInvitation)
export const lookUpMember = action(MemberIdInput, getMember)
export const changeRole = action(ChangeRoleInput, changeMemberRole)
export const remove = action(RemoveMemberInput, removeMember)
export const leave = action(RemovalQuery, leaveOrganizationHere)
