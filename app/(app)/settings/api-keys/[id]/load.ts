import { cache } from 'react'
import type { UsagePeriod, UsageReport } from '@/lib/core/key-schemas'
import type { Principal } from '@/lib/core/principal'
import { apiKeyUsage } from '@/lib/domain/usage'

/** A key's usage, asked for once however many parts of the page show it. */
export const loadUsage = cache(
  (principal: Principal, id: string, period: UsagePeriod): Promise<UsageReport> =>
    apiKeyUsage(principal, { id, period }),
)
