import type { DataDocument, DataSource } from '@/lib/core/data-schemas'

/** What the console calls the kinds of data sources. */
export const KIND_NAMES: Readonly<Record<DataSource['kind'], string>> = {
  text: 'Text',
  file: 'Files',
  google_drive: 'Google Drive',
  slack: 'Slack',
  notion: 'Notion',
  microsoft_365: 'Microsoft 365',
}

/** What the console calls the kinds of documents. */
export const TYPE_NAMES: Readonly<Record<DataDocument['media_type'], string>> = {
  'text/plain': 'Text',
  'text/markdown': 'Markdown',
  'text/html': 'HTML',
  'text/csv': 'CSV',
  'application/pdf': 'PDF',
  'application/octet-stream': 'Not read',
}

/** What may be uploaded, in a line, and as a file dialog filters it. */
export const FILES_HINT = 'Markdown, text, HTML, PDF or CSV, up to 10 MB each'
export const FILES_ACCEPT = '.md,.markdown,.txt,.html,.htm,.csv,.tsv,.pdf,text/*,application/pdf'
