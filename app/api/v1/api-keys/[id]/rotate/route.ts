import { endpoints } from '@/lib/core/endpoints'
import { rotateApiKey } from '@/lib/domain/api-key-changes'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.rotateApiKey, rotateApiKey)
