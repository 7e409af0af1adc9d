import { endpoints } from '@/lib/core/endpoints'
import { requestSync } from '@/lib/domain/source-syncs'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.syncDataSource, requestSync)
