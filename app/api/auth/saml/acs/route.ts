import { samlAcsRoute } from '@/lib/http/sso-routes'

export const POST = samlAcsRoute
