import { connectorCallbackRoute } from '@/lib/http/connectors'

export const GET = connectorCallbackRoute
