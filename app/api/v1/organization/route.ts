import { endpoints } from '@/lib/core/endpoints'
import { getOrganization, updateOrganization } from '@/lib/domain/organization-settings'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getOrganization, getOrganization)
export const PUT = route(endpoints.updateOrganization, updateOrganization)
