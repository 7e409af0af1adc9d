import { endpoints } from '@/lib/core/endpoints'
import { checkExternalKey } from '@/lib/domain/external-key-checks'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.checkExternalKey, checkExternalKey)
