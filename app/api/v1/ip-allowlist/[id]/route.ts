import { endpoints } from '@/lib/core/endpoints'
import { removeAllowlistRange } from '@/lib/domain/allowlist-changes'
import { getAllowlistRange } from '@/lib/domain/allowlist-ranges'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getAllowlistRange, getAllowlistRange)
export const DELETE = route(endpoints.removeAllowlistRange, removeAllowlistRange)
