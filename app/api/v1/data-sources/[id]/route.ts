import { endpoints } from '@/lib/core/endpoints'
import { deleteDataSource, getDataSource, replaceDataSource } from '@/lib/domain/data-sources'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getDataSource, getDataSource)
export const PUT = route(endpoints.replaceDataSource, replaceDataSource)
export const DELETE = route(endpoints.deleteDataSource, deleteDataSource)
