import { ExternalKeyIdInput } from '@/lib/core/external-key-schemas'
import { externalKeyModels } from '@/lib/domain/external-key-checks'
import { personJson } from '@/lib/http/person-json'

export const GET = personJson(ExternalKeyIdInput, externalKeyModels)
