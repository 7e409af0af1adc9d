import { z } from 'zod'
import { interactionStatuses } from './answer-schemas'
import { environments } from './principal'
import { Id, textField } from './schemas'

/** What the console's list of interactions is narrowed to, as its address says. */

const DAY_MS = 86_400_000

export const searchPeriods = ['24h', '7d', '30d', '90d'] as const
export type SearchPeriod = (typeof searchPeriods)[number]

const PERIOD_MS: Readonly<Record<SearchPeriod, number>> = {
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
}

/** How far back a period reaches, in milliseconds. */
export function periodMs(period: SearchPeriod): number {
  return PERIOD_MS[period]
}

/** A form sends a choice that was not made as nothing. */
function chosen<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema.optional())
}

export const InteractionSearch = z.object({
  environment: chosen(z.enum(environments)),
  agent: chosen(Id),
  kind: chosen(z.enum(['query', 'chat'])),
  status: chosen(z.enum(interactionStatuses)),
  /** A key's id or a person's. */
  caller: chosen(Id),
  period: chosen(z.enum(searchPeriods)),
  text: chosen(textField('Text', 200).trim()),
})
export type InteractionSearch = z.infer<typeof InteractionSearch>

/** The address's query for a search, `?` included; empty where nothing is chosen. */
export function searchQuery(search: InteractionSearch & { cursor?: string | undefined }): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    const isDefault = name === 'environment' && value === 'live'
    if (value !== undefined && value !== '' && !isDefault) query.set(name, value)
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** A retention that somebody considers. */
export const RetentionInput = z.strictObject({
  days: z
    .number('Days is a whole number')
    .int('Days is a whole number')
    .min(1, 'Keep interactions for at least one day')
    .max(3650, 'At most 3,650 days; choose “for good” for longer'),
})
