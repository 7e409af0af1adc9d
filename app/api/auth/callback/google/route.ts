import { socialCallbackRoute } from '@/lib/http/social'

export const GET = socialCallbackRoute('google')
