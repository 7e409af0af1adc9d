import { endpoints } from '@/lib/core/endpoints'
import { setSchedule } from '@/lib/domain/source-syncs'
import { route } from '@/lib/http/route'

export const PUT = route(endpoints.setSchedule, setSchedule)
