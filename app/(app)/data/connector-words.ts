import type { ConnectorProvider } from '@/lib/core/connectors'
import type { SYNC_SCHEDULES } from '@/lib/core/sync-schemas'

/** One line about each provider, for its card. */
export const CATALOGUE_WORDS: Readonly<Record<ConnectorProvider, string>> = {
  google_drive: 'Docs, Sheets, Slides, PDFs and text files.',
  slack: 'Conversations of channels, threads included.',
  notion: 'Pages and databases, with what is below them.',
  microsoft_365: 'Files of OneDrive and SharePoint.',
}

/** What is chosen at each provider. */
export const PICKED_NAMES: Readonly<Record<ConnectorProvider, string>> = {
  google_drive: 'Folders',
  slack: 'Channels',
  notion: 'Pages',
  microsoft_365: 'Sites and folders',
}

/** How often a source is synced, in the words of its settings. */
export const SCHEDULES: ReadonlyArray<{ minutes: (typeof SYNC_SCHEDULES)[number]; label: string }> = [
  { minutes: 15, label: 'Every 15 minutes' },
  { minutes: 60, label: 'Every hour' },
  { minutes: 360, label: 'Every 6 hours' },
  { minutes: 1440, label: 'Every day' },
  { minutes: 0, label: 'Only when somebody says “Sync now”' },
]

/** The schedule in a few words. */
export function scheduleText(minutes: number): string {
  return SCHEDULES.find((schedule) => schedule.minutes === minutes)?.label ?? `Every ${minutes} minutes`
}
