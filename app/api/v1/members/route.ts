import { endpoints } from '@/lib/core/endpoints'
import { inviteMember } from '@/lib/domain/invitations'
import { pageMembers } from '@/lib/domain/members'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listMembers, pageMembers)
export const POST = route(endpoints.addMember, inviteMember)
