import { z } from 'zod'
import { features } from './plans'
import { plans } from './principal'
import { nameField, Timestamp } from './schemas'
import { SESSION_POLICY_BOUNDS } from './session-policy'

/** Shapes of the organization and its settings, shared by form, action, route and OpenAPI. */

const SLUG_MAX = 48
const RETENTION_MAX_DAYS = 3650
/** Whoever could shorten the log to a day would have erased by tomorrow what they did today. */
const AUDIT_RETENTION_MIN_DAYS = 30
/** Single requests are kept no longer for anybody. */
const USAGE_RETENTION_MAX_DAYS = 30

/** The short name that commands and `whoami` call an organization by. */
export const Slug = z
  .string({ error: 'The short name is required' })
  .regex(
    new RegExp(`^[a-z0-9](?:[a-z0-9-]{0,${SLUG_MAX - 2}}[a-z0-9])?$`),
    `A slug is 1 to ${SLUG_MAX} lower-case letters, digits and hyphens, with a letter or digit at both ends.`,
  )

/** A whole number within bounds, or null for what holds without it. */
function setting(what: string, { least, most }: { least: number; most: number }, meaning: string) {
  const bounds = `${what} is a whole number from ${least.toLocaleString('en')} to ${most.toLocaleString('en')}`
  return z
    .number({ error: bounds })
    .int(bounds)
    .min(least, bounds)
    .max(most, bounds)
    .nullable()
    .optional()
    .meta({ description: meaning })
}

/** What is left out stays. */
export const OrganizationInput = z
  .strictObject({
    name: nameField('Name').optional(),
    slug: Slug.optional(),
    interaction_retention_days: setting(
      'The number of days',
      { least: 1, most: RETENTION_MAX_DAYS },
      'Interactions are deleted after so many days; null keeps them for good.',
    ),
    usage_retention_days: setting(
      'The number of days',
      { least: 1, most: USAGE_RETENTION_MAX_DAYS },
      'Single requests, and who called, are deleted after so many days; null keeps requests for 30 days and callers for 90. Counts stay.',
    ),
    audit_retention_days: setting(
      'The number of days',
      { least: AUDIT_RETENTION_MIN_DAYS, most: RETENTION_MAX_DAYS },
      'Rows of the audit log are deleted after so many days, and the log says so; null keeps them for good.',
    ),
    session_idle_minutes: setting(
      'The number of minutes',
      SESSION_POLICY_BOUNDS.idleMinutes,
      'A session that was not used for so long ends; null for seven days.',
    ),
    session_max_age_hours: setting(
      'The number of hours',
      SESSION_POLICY_BOUNDS.maxAgeHours,
      'A session ends at that age, used or not; null for never.',
    ),
  })
  .meta({ id: 'OrganizationInput' })
export type OrganizationInput = z.infer<typeof OrganizationInput>

export const OrganizationSettings = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    plan: z.enum(plans),
    features: z
      .array(z.enum(Object.keys(features) as [keyof typeof features]))
      .meta({ description: 'What the plan unlocks.' }),
    interaction_retention_days: z.number().int().nullable(),
    usage_retention_days: z.number().int().nullable(),
    audit_retention_days: z.number().int().nullable(),
    session_idle_minutes: z.number().int().nullable(),
    session_max_age_hours: z.number().int().nullable(),
    created_at: Timestamp,
  })
  .meta({ id: 'Organization' })
export type OrganizationSettings = z.infer<typeof OrganizationSettings>

export const DeleteOrganizationInput = z.strictObject({ name: z.string().max(200) })
