import { liveness } from '@/lib/http/probes'

export const GET = liveness
