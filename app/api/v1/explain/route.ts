import { endpoints } from '@/lib/core/endpoints'
import { explainRequest } from '@/lib/domain/explanations'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.explainRequest, explainRequest)
