import { endpoints } from '@/lib/core/endpoints'
import { openChat } from '@/lib/domain/answers'
import { route } from '@/lib/http/route'

export const POST = route(endpoints.chat, { openTurn: openChat })
