import { endpoints } from '@/lib/core/endpoints'
import { disconnect } from '@/lib/domain/connections'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.disconnectDataSource, disconnect)
