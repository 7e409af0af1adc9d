import { finishSsoRoute } from '@/lib/http/sso-routes'

export const GET = finishSsoRoute
