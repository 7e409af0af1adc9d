import { endpoints } from '@/lib/core/endpoints'
import { exportAuditLogs } from '@/lib/domain/audit-export'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.exportAuditLogs, exportAuditLogs)
