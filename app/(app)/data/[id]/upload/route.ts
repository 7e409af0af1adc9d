import { addDocument } from '@/lib/domain/documents'
import { personUpload } from '@/lib/http/person-upload'

export const POST = personUpload(addDocument)
