import { z } from 'zod'
import { CONNECTORS, Connection, connectorProviders } from './connectors'
import { environments } from './principal'
import { nameField, Timestamp } from './schemas'
import { SourceSync } from './sync-schemas'

/** Data sources and their documents: inputs and outputs, shared by form, action, route and OpenAPI. */

/** Of one document, as a file or as text in UTF-8. contract.md 3. */
export const DOCUMENT_BYTES_MAX = 10 * 1024 * 1024
export const TITLE_MAX = 200
const URL_MAX = 2_000

const ownKinds = ['text', 'file'] as const
const kinds = [...ownKinds, ...connectorProviders] as const
export type DataSourceKind = (typeof kinds)[number]

/** Whether its documents are added here; those of the others come from a provider. */
export function isOwnKind(kind: string): kind is (typeof ownKinds)[number] {
  return ownKinds.some((own) => own === kind)
}

const sourceStatuses = ['ready', 'indexing', 'connected', 'retrying', 'connection_failed', 'failed'] as const
export type DataSourceStatus = (typeof sourceStatuses)[number]

const documentStatuses = ['waiting', 'indexing', 'ready', 'failed', 'skipped'] as const
export type DocumentStatus = (typeof documentStatuses)[number]

/** What Twig reads. A file is known by its content first, then by its name, then by what the sender calls it. */
const documentTypes = ['text/plain', 'text/markdown', 'text/html', 'text/csv', 'application/pdf'] as const
export type DocumentType = (typeof documentTypes)[number]
/** Of a document at a provider that was not read. */
const UNREAD_TYPE = 'application/octet-stream'

const Id = z.string().regex(/^\w{1,64}$/, 'This is not an id')

/** A kind that this Twig can make a source of; providers are connected, not created. */
const OwnKind = z
  .enum(kinds, { error: `Kind is one of ${ownKinds.join(', ')}` })
  .default('text')
  .transform((kind, context) => {
    if (kind === 'text' || kind === 'file') return kind
    const message = `${CONNECTORS[kind].name} needs a person’s consent: connect it in the console, Data → Add Data Source. Over the API a source is text or file`
    context.issues.push({ code: 'custom', message, input: kind })
    return z.NEVER
  })

export const DataSourceInput = z
  .strictObject({ name: nameField('Name'), kind: OwnKind.meta({ enum: [...ownKinds] }) })
  .meta({ id: 'DataSourceInput' })
export type DataSourceInput = z.infer<typeof DataSourceInput>

/** Replacing changes the name; the kind is what it was made with. */
export const ReplaceDataSourceInput = z
  .strictObject({
    name: nameField('Name'),
    kind: z.enum(kinds).optional().meta({ description: 'As it is; a source never changes its kind.' }),
  })
  .meta({ id: 'ReplaceDataSourceInput' })
export type ReplaceDataSourceInput = z.infer<typeof ReplaceDataSourceInput>

export const DataSource = z
  .object({
    id: z.string().meta({ example: 'ds_4fGh2Kq9ZrT7wXyB1cDe' }),
    name: z.string(),
    kind: z.enum(kinds),
    status: z.enum(sourceStatuses).meta({
      description:
        'Of a connected source, how its connection is, and `indexing` while documents come; of others, how their documents are.',
    }),
    status_detail: z.string().nullable().meta({ description: 'What failed, by the names of the documents.' }),
    document_count: z.number(),
    last_sync_at: Timestamp.nullable().meta({
      description: 'When a document was last indexed, or a sync was last through.',
    }),
    connection: Connection.nullable().meta({ description: 'Of a connected source; null for the others.' }),
    sync: SourceSync.nullable().meta({ description: 'Of a connected source; null for the others.' }),
    environment: z.enum(environments),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'DataSource' })
export type DataSource = z.infer<typeof DataSource>

export const DeletedDataSource = z
  .object({ id: z.string(), deleted: z.literal(true) })
  .meta({ id: 'DeletedDataSource' })

const Title = z
  .string({ error: 'Title is required' })
  .trim()
  .min(1, 'Title is required')
  .max(TITLE_MAX, `Title may have at most ${TITLE_MAX} characters`)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u, 'Title may not hold control characters')
  .regex(/[\p{L}\p{N}\p{P}\p{S}]/u, 'Title is required')

function isWithoutCredentials(text: string): boolean {
  if (!URL.canParse(text)) return true
  const { username, password } = new URL(text)
  return username === '' && password === ''
}

const WebAddress = z
  .url({ protocol: /^https?$/, error: 'Url must be an http or https address' })
  .max(URL_MAX, `Url may have at most ${URL_MAX} characters`)
  // It is shown to everybody who gets an answer from the document.
  .refine(isWithoutCredentials, 'Url may not hold a user name or password')

const Text = z
  .string({ error: 'Text is required' })
  .refine((text) => text.trim() !== '', 'Text is required')
  .meta({ description: 'At most 10 MiB in UTF-8; more is 413.' })

/** A document as text. */
export const DocumentInput = z
  .strictObject({ title: Title, text: Text, url: WebAddress.nullish() })
  .meta({ id: 'DocumentInput' })
export type DocumentInput = z.infer<typeof DocumentInput>

/** The fields beside the file of a form; without a title the document is called like the file. */
export const UploadFields = z.strictObject({ title: Title.optional(), url: WebAddress.optional() })

/** A document as a file, in the form of `multipart/form-data`; for the reference. */
export const DocumentUploadForm = z
  .strictObject({
    file: z.string().meta({ format: 'binary', description: 'Markdown, text, HTML, PDF or CSV; 10 MiB.' }),
    title: Title.optional().meta({ description: 'The file’s name when absent.' }),
    url: WebAddress.optional(),
  })
  .meta({ id: 'DocumentUpload' })

/** A file as it came. */
interface UploadedFile {
  name: string
  /** What the sender says it is; only believed where nothing else tells. */
  type: string
  bytes: Uint8Array<ArrayBuffer>
}

/** What a document can be made from. */
export type DocumentUpload = z.infer<typeof UploadFields> & { file: UploadedFile }
export type NewDocument = DocumentInput | DocumentUpload

export const DataDocument = z
  .object({
    id: z.string().meta({ example: 'doc_4fGh2Kq9ZrT7wXyB1cDe' }),
    data_source_id: z.string(),
    title: z.string(),
    url: z.string().nullable(),
    path: z.string().nullable().meta({ description: 'Where it lies at the provider, in words.' }),
    media_type: z
      .enum([...documentTypes, UNREAD_TYPE])
      .meta({ description: `\`${UNREAD_TYPE}\` where it was not read.` }),
    size: z.number().meta({ description: 'Of the original, in bytes.' }),
    status: z
      .enum(documentStatuses)
      .meta({ description: '`skipped`: the provider has it, and Twig cannot or may not read it.' }),
    status_detail: z.string().nullable().meta({ description: 'Why it failed, or was skipped.' }),
    language: z.string().nullable().meta({ description: 'What its words are looked up as, e.g. `german`.' }),
    page_count: z.number().nullable(),
    passage_count: z.number(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Document' })
export type DataDocument = z.infer<typeof DataDocument>

export const DeletedDocument = z
  .object({ id: z.string(), deleted: z.literal(true) })
  .meta({ id: 'DeletedDocument' })

export const ReindexInput = z.strictObject({})

export const DataSourceIdParams = z.strictObject({ id: z.string().max(128) })
export const DocumentIdParams = z.strictObject({
  id: z.string().max(128),
  document_id: z.string().max(128),
})

/** The console's forms. */
export const CreateDataSourceFormInput = z.strictObject({
  name: nameField('Name'),
  kind: z.enum(ownKinds),
  environment: z.enum(environments),
})
export const RenameDataSourceFormInput = z.strictObject({ id: Id, name: nameField('Name') })
export const DataSourceIdInput = z.strictObject({ id: Id })
export const DocumentIdInput = z.strictObject({ id: Id, document_id: Id })
