import { endpoints } from '@/lib/core/endpoints'
import { changeInvitation, getInvitation, revokeInvitation } from '@/lib/domain/invitations'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getInvitation, getInvitation)
export const PATCH = route(endpoints.changeInvitation, changeInvitation)
export const DELETE = route(endpoints.withdrawInvitation, revokeInvitation)
