import { verifyKeyRoute } from '@/lib/http/internal'

export const POST = verifyKeyRoute
