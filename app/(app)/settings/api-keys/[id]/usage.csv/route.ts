import { ApiKeyUsageInput } from '@/lib/core/key-schemas'
import { usageCsv } from '@/lib/core/usage-csv'
import { apiKeyUsage } from '@/lib/domain/usage'
import { csvRoute } from '@/lib/http/download'

export const GET = csvRoute(ApiKeyUsageInput, async (principal, { id, period }) => ({
  name: `usage-${id}-${period}.csv`,
  text: usageCsv(await apiKeyUsage(principal, { id, period })),
}))
