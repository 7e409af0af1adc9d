import { endpoints } from '@/lib/core/endpoints'
import { resendInvitation } from '@/lib/domain/invitations'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.resendInvitation, resendInvitation)
