import { endpoints } from '@/lib/core/endpoints'
import { getInteraction } from '@/lib/domain/interactions'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getInteraction, getInteraction)
