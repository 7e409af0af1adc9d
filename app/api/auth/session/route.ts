import { sessionRoute } from '@/lib/http/session-routes'

export const GET = sessionRoute
