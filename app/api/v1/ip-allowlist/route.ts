import { endpoints } from '@/lib/core/endpoints'
import { addAllowlistRange } from '@/lib/domain/allowlist-changes'
import { listAllowlistRanges } from '@/lib/domain/allowlist-ranges'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listAllowlistRanges, listAllowlistRanges)
export const POST = route(endpoints.addAllowlistRange, addAllowlistRange)
