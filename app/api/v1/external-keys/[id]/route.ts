import { endpoints } from '@/lib/core/endpoints'
import { deleteExternalKey, renameExternalKey, replaceExternalKey } from '@/lib/domain/external-key-changes'
import { getExternalKey } from '@/lib/domain/external-keys'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getExternalKey, getExternalKey)
export const PUT = route(endpoints.replaceExternalKey, replaceExternalKey)
export const PATCH = route(endpoints.renameExternalKey, renameExternalKey)
export const DELETE = route(endpoints.deleteExternalKey, deleteExternalKey)
