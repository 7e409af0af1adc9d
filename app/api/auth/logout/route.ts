import { logoutRoute } from '@/lib/http/session-routes'

export const DELETE = logoutRoute
