import { AuditSearch } from '@/lib/core/audit-schemas'
import { exportFoundAsCsv } from '@/lib/domain/audit-export'
import { fileRoute } from '@/lib/http/download'

export const GET = fileRoute(AuditSearch, exportFoundAsCsv)
