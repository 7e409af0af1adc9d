import { endpoints } from '@/lib/core/endpoints'
import { apiKeyUsage } from '@/lib/domain/usage'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getApiKeyUsage, apiKeyUsage)
