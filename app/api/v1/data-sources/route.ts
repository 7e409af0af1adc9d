import { endpoints } from '@/lib/core/endpoints'
import { createDataSource, listDataSources } from '@/lib/domain/data-sources'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listDataSources, listDataSources)
export const POST = route(endpoints.createDataSource, createDataSource)
