import { usageRoute } from '@/lib/http/internal'

export const POST = usageRoute
