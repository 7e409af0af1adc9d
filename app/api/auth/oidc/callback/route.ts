import { oidcCallbackRoute } from '@/lib/http/sso-routes'

export const GET = oidcCallbackRoute
