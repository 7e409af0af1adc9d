import { spMetadataRoute } from '@/lib/http/sso-routes'

// Made anew: the address it tells of is not known while building.
export const dynamic = 'force-dynamic'

export const GET = spMetadataRoute
