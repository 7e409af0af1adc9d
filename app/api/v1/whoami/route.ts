import { endpoints } from '@/lib/core/endpoints'
import { whoami } from '@/lib/domain/whoami'
import { route } from '@/lib/http/route'

export const GET = route(endpoints.whoami, whoami)
