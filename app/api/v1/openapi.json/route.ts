import { openApiRoute } from '@/lib/http/openapi'

export const GET = openApiRoute
