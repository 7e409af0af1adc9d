import { authRoute } from '@/lib/http/auth'

export const GET = authRoute
export const POST = authRoute
