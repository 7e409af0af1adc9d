import { endpoints } from '@/lib/core/endpoints'
import { reindexDataSource } from '@/lib/domain/data-sources'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.reindexDataSource, reindexDataSource)
