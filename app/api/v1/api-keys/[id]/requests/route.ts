import { endpoints } from '@/lib/core/endpoints'
import { apiKeyRequests } from '@/lib/domain/usage'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listApiKeyRequests, apiKeyRequests)
