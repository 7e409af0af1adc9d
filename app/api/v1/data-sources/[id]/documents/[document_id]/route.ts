import { endpoints } from '@/lib/core/endpoints'
import { deleteDocument, getDocument } from '@/lib/domain/documents'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.getDocument, getDocument)
export const DELETE = route(endpoints.deleteDocument, deleteDocument)
