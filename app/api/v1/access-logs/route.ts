import { endpoints } from '@/lib/core/endpoints'
import { listAccessLogs } from '@/lib/domain/access-logs'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listAccessLogs, listAccessLogs)
