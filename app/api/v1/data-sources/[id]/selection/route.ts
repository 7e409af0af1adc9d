import { endpoints } from '@/lib/core/endpoints'
import { chooseSelection } from '@/lib/domain/source-syncs'
import { route } from '@/lib/http/route'

export const PUT = route(endpoints.chooseSelection, chooseSelection)
