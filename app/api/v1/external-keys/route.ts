import { endpoints } from '@/lib/core/endpoints'
import { createExternalKey } from '@/lib/domain/external-key-changes'
import { listExternalKeys } from '@/lib/domain/external-keys'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listExternalKeys, listExternalKeys)
export const POST = route(endpoints.createExternalKey, createExternalKey)
