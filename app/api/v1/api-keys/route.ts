import { endpoints } from '@/lib/core/endpoints'
import { createApiKey, listApiKeys } from '@/lib/domain/api-keys'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listApiKeys, listApiKeys)
export const POST = route(endpoints.createApiKey, createApiKey)
