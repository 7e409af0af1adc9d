import { z } from 'zod'
import { blockReasons } from './access-log'
import { Id } from './schemas'

/** What the console's access log is narrowed to, as its address says. */

/** A form sends a choice that was not made as nothing. */
function chosen<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema.optional())
}

export const AccessLogSearch = z.object({
  reason: chosen(z.enum(blockReasons)),
  address: chosen(z.string().trim().max(64)),
  key: chosen(Id),
  period: chosen(z.enum(['24h', '7d', '30d'])),
  /** The last hour, whatever the period. */
  live: chosen(z.literal('on')),
})
export type AccessLogSearch = z.infer<typeof AccessLogSearch>

/** The address's query for a search, `?` included; empty where nothing is chosen. */
export function accessLogQuery(search: AccessLogSearch & { cursor?: string | undefined }): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) if (value) query.set(name, value)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
