import { endpoints } from '@/lib/core/endpoints'
import { openQuery } from '@/lib/domain/answers'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.query, { openTurn: openQuery })
