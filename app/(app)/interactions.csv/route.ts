import { InteractionSearch } from '@/lib/core/interaction-search'
import { exportFound } from '@/lib/domain/interaction-search'
import { csvRoute } from '@/lib/http/download'

export const GET = csvRoute(InteractionSearch, exportFound)
