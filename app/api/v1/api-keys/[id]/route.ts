import { endpoints } from '@/lib/core/endpoints'
import { revokeApiKey, updateApiKey } from '@/lib/domain/api-key-changes'
import { getApiKey } from '@/lib/domain/api-keys'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getApiKey, getApiKey)
export const PATCH = route(endpoints.updateApiKey, updateApiKey)
export const DELETE = route(endpoints.deleteApiKey, revokeApiKey)
