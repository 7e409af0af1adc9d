import { z } from 'zod'
import { Timestamp } from './schemas'

/** What of a provider's documents is wanted, and how far it is here: shared by form, action, route and OpenAPI. */

/** More than a person ticks, and few enough for every listing to ask for all of them. */
const SELECTION_MAX = 200
const REMOTE_ID_MAX = 255
const NAME_MAX = 200
const CURSOR_MAX = 4_000
const QUERY_MAX = 200

/** How often a source is looked at by itself, in minutes; 0 is never. */
export const SYNC_SCHEDULES = [0, 15, 60, 360, 1440] as const

const itemKinds = ['folder', 'drive', 'site', 'channel', 'page', 'database'] as const

const RemoteId = z
  .string()
  .min(1, 'An id of the provider is required')
  .max(REMOTE_ID_MAX, `An id of the provider has at most ${REMOTE_ID_MAX} characters`)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'An id of the provider holds no control characters')

/** Something that was chosen at a provider. Its name is kept, so that it can be shown without asking the provider. */
export const SelectedItem = z
  .strictObject({
    id: RemoteId.meta({ description: 'As the browser of the source tells it.' }),
    name: z
      .string()
      .trim()
      .min(1, 'Name is required')
      .max(NAME_MAX, `Name may have at most ${NAME_MAX} characters`)
      .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u, 'Name may not hold control characters'),
    kind: z.enum(itemKinds),
  })
  .meta({ id: 'SelectedItem' })
export type SelectedItem = z.infer<typeof SelectedItem>

const Selection = z
  .array(SelectedItem)
  .max(SELECTION_MAX, `At most ${SELECTION_MAX} can be chosen; choose what they lie in`)
  .refine((items) => new Set(items.map(({ id }) => id)).size === items.length, 'Each can be chosen once')

export const SelectionBody = z.strictObject({ selection: Selection }).meta({ id: 'SelectionInput' })

const Minutes = z.literal(SYNC_SCHEDULES, { error: `Minutes is one of ${SYNC_SCHEDULES.join(', ')}` })
export const ScheduleBody = z
  .strictObject({ minutes: Minutes.meta({ description: 'Between two syncs; 0: only when asked.' }) })
  .meta({ id: 'ScheduleInput' })

export const BrowseQuery = z.strictObject({
  parent: RemoteId.nullable().default(null).meta({ description: 'What to look into; the top when absent.' }),
  cursor: z.string().min(1).max(CURSOR_MAX).nullable().default(null),
  query: z.string().trim().min(1).max(QUERY_MAX).optional().meta({ description: 'Part of a name.' }),
})

export const SyncInput = z.strictObject({})

/** The console's forms. */
const Id = z.string().regex(/^\w{1,64}$/, 'This is not an id')
export const SelectionInput = SelectionBody.extend({ id: Id }).meta({ id: undefined })
export type SelectionInput = z.infer<typeof SelectionInput>
export const ScheduleInput = ScheduleBody.extend({ id: Id }).meta({ id: undefined })
export type ScheduleInput = z.infer<typeof ScheduleInput>
export const BrowseInput = BrowseQuery.extend({ id: Id })
export type BrowseInput = z.infer<typeof BrowseInput>

/** A page of what can be chosen. */
export const BrowsePage = z
  .object({
    items: z.array(
      z.object({ id: z.string(), name: z.string(), kind: z.enum(itemKinds), has_children: z.boolean() }),
    ),
    next: z.string().nullable().meta({ description: 'The `cursor` of the next page.' }),
    is_searchable: z.boolean().meta({ description: 'Whether `query` finds things by their names.' }),
  })
  .meta({ id: 'BrowsePage' })
export type BrowsePage = z.infer<typeof BrowsePage>

const phases = ['idle', 'waiting', 'listing', 'fetching'] as const
export type SyncPhase = (typeof phases)[number]

/** How far the documents of a connected source are brought here. */
export const SourceSync = z
  .object({
    selection: z.array(SelectedItem),
    phase: z.enum(phases).meta({
      description: '`waiting`: asked for or under way, but not at this moment, as when the provider is busy.',
    }),
    found: z
      .number()
      .meta({ description: 'Documents that the sync under way, or the last one, was told of.' }),
    done: z.number().meta({ description: 'Of those, how many it is through with.' }),
    failed: z.number().meta({ description: 'That the provider did not give; the next sync asks again.' }),
    skipped: z.number().meta({ description: 'That Twig cannot read, or may not.' }),
    started_at: Timestamp.nullable(),
    finished_at: Timestamp.nullable(),
    next_at: Timestamp.nullable(),
    schedule_minutes: z.number(),
    requested_at: Timestamp.nullable(),
    rate_limited_until: Timestamp.nullable(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'SourceSync' })
export type SourceSync = z.infer<typeof SourceSync>
