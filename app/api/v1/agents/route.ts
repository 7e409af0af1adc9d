import { endpoints } from '@/lib/core/endpoints'
import { createAgent, listAgents } from '@/lib/domain/agents'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listAgents, listAgents)
export const POST = route(endpoints.createAgent, createAgent)
