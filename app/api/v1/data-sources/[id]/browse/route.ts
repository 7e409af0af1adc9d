import { endpoints } from '@/lib/core/endpoints'
import { browseSource } from '@/lib/domain/source-syncs'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.browseDataSource, browseSource)
