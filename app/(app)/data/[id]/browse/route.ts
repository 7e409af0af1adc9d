import { BrowseInput } from '@/lib/core/sync-schemas'
import { browseSource } from '@/lib/domain/source-syncs'
import { personJson } from '@/lib/http/person-json'

export const GET = personJson(BrowseInput, browseSource)
