import { endpoints } from '@/lib/core/endpoints'
import { externalKeyModels } from '@/lib/domain/external-key-checks'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listExternalKeyModels, externalKeyModels)
