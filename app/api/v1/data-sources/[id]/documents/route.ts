import { endpoints } from '@/lib/core/endpoints'
import { addDocument, listDocuments } from '@/lib/domain/documents'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.listDocuments, listDocuments)
export const POST = route(endpoints.addDocument, addDocument)
