import { endpoints } from '@/lib/core/endpoints'
import { inviteMember, listInvitations } from '@/lib/domain/invitations'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listInvitations, listInvitations)
export const POST = route(endpoints.createInvitation, inviteMember)
