import { endpoints } from '@/lib/core/endpoints'
import { listInteractions } from '@/lib/domain/interactions'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listInteractions, listInteractions)
