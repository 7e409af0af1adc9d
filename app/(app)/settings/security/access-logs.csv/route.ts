import { AccessLogSearch } from '@/lib/core/access-log-search'
import { exportAccessLogs } from '@/lib/domain/access-logs'
import { csvRoute } from '@/lib/http/download'

export const GET = csvRoute(AccessLogSearch, exportAccessLogs)
