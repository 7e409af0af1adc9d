import { endpoints } from '@/lib/core/endpoints'
import { getMember, removeMember } from '@/lib/domain/member-removal'
import { changeMemberRole } from '@/lib/domain/members'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getMember, getMember)
export const PATCH = route(endpoints.changeMember, changeMemberRole)
export const DELETE = route(endpoints.removeMember, removeMember)
