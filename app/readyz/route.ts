import { readiness } from '@/lib/http/probes'

export const GET = readiness
