import { endpoints } from '@/lib/core/endpoints'
import { listAuditLogs } from '@/lib/domain/audit-log'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listAuditLogs, listAuditLogs)
