import { endpoints } from '@/lib/core/endpoints'
import { deleteAgent, getAgent, replaceAgent } from '@/lib/domain/agents'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getAgent, getAgent)
export const PUT = route(endpoints.replaceAgent, replaceAgent)
export const DELETE = route(endpoints.deleteAgent, deleteAgent)
