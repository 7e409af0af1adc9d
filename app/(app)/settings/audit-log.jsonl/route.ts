import { EmptyInput } from '@/lib/core/schemas'
import { exportWhole } from '@/lib/domain/audit-export'
import { fileRoute } from '@/lib/http/download'

export const GET = fileRoute(EmptyInput, exportWhole)
