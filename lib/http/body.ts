import { createHash } from 'node:crypto'
import { MIMEType } from 'node:util'
import { type DocumentUpload, UploadFields } from '../core/data-schemas'
import { TwigError } from '../core/errors'
import { invalidRequest } from './failure'

const BODY_BYTES_MAX = 1024 * 1024
/** Of a request with a document: 10 MiB of it, what the form adds, and what JSON adds to a text of many lines. */
const DOCUMENT_BODY_BYTES_MAX = 11 * 1024 * 1024
/** A file, its title and its address; more would only cost time. */
const PARTS_MAX = 8

/** A body, not yet checked. */
export interface ReadBody {
  /** JSON; empty where a form came. */
  text: string
  form: DocumentUpload | null
  /** Says whether another body is the same: the boundary of a form, which is new each time, does not count. */
  digest: string
}

function typeOf(request: Request): string | undefined {
  return request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
}

/** Reads the body up to its bound; the bound holds whatever Content-Length says. */
async function readBytes(request: Request, bytesMax: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const chunk: Uint8Array = part.value
    size += chunk.byteLength
    if (size > bytesMax) {
      await reader?.cancel()
      throw new TwigError('payload_too_large')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The body as text in UTF-8, of JSON's type or none. Throws unsupported_media_type, payload_too_large, invalid_json. */
export async function readText(request: Request, bytesMax = BODY_BYTES_MAX): Promise<string> {
  const type = typeOf(request)
  if (type && type !== 'application/json') throw new TwigError('unsupported_media_type')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readBytes(request, bytesMax))
  } catch (error) {
    if (error instanceof TwigError) throw error
    throw new TwigError('invalid_json', 'The body is not UTF-8.', { cause: error })
  }
}

/** The body of an operation: none, JSON, or where it takes documents a form with a file. Throws as `readText` does. */
export async function readBody(
  operation: { body?: unknown; upload?: unknown },
  request: Request,
): Promise<ReadBody> {
  if (!operation.body) return { text: '', form: null, digest: '' }
  if (!operation.upload) {
    const text = await readText(request)
    return { text, form: null, digest: text }
  }
  const type = typeOf(request)
  if (type === 'multipart/form-data') {
    const form = await readForm(request)
    const { file, ...fields } = form
    const content = createHash('sha256').update(file.bytes).digest('hex')
    return {
      text: '',
      form,
      digest: JSON.stringify({ ...fields, name: file.name, type: file.type, content }),
    }
  }
  if (type && type !== 'application/json') {
    throw new TwigError(
      'unsupported_media_type',
      'Send a document as JSON with Content-Type: application/json, or a file as multipart/form-data.',
    )
  }
  const text = await readText(request, DOCUMENT_BODY_BYTES_MAX)
  return { text, form: null, digest: text }
}

function refused(field: string, why: string): TwigError {
  return new TwigError('invalid_request', `${field}: ${why}.`, { details: { fields: { [field]: why } } })
}

/** Fields of a plain form as HTML sends it: a browser was made to post it. Throws unsupported_media_type, payload_too_large. */
export async function readFormFields(request: Request, bytesMax: number): Promise<URLSearchParams> {
  if (typeOf(request) !== 'application/x-www-form-urlencoded') {
    throw new TwigError('unsupported_media_type', 'Send a form as application/x-www-form-urlencoded.')
  }
  const text = (await readBytes(request, bytesMax)).toString('utf8')
  // Very many fields would only cost time to take apart.
  if (text.split('&', PARTS_MAX + 1).length > PARTS_MAX) {
    throw refused('body', `a form may have at most ${PARTS_MAX} fields`)
  }
  return new URLSearchParams(text)
}

/** More parts than a form of ours has are not worth taking apart. */
function requireFewParts(bytes: Buffer, type: string): void {
  // Read as the parser behind formData() reads it: another reading would count marks that the form does not have.
  const boundary = new MIMEType(type).params.get('boundary')
  if (!boundary) throw refused('body', 'the Content-Type names no boundary')
  const mark = `--${boundary}`
  let parts = 0
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
    parts += 1
    // The last mark ends the form.
    if (parts > PARTS_MAX + 1) throw refused('body', `a form may have at most ${PARTS_MAX} parts`)
  }
}

/**
 * A form with one file in the field `file`, and a title and an address beside it. Throws payload_too_large, and
 * invalid_request where it is not such a form.
 */
export async function readForm(request: Request): Promise<DocumentUpload> {
  const type = request.headers.get('content-type') ?? ''
  if (typeOf(request) !== 'multipart/form-data') {
    throw new TwigError('unsupported_media_type', 'Send the file as multipart/form-data.')
  }
  const bytes = await readBytes(request, DOCUMENT_BODY_BYTES_MAX)
  requireFewParts(bytes, type)
  const form = await new Response(bytes, { headers: { 'content-type': type } })
    .formData()
    .catch((): never => {
      throw refused('body', 'it is not a well-formed form')
    })
  const files = form.getAll('file')
  const [file] = files
  if (file === undefined) throw refused('file', 'is required')
  if (typeof file === 'string') throw refused('file', 'is not a file')
  if (files.length > 1) throw refused('file', 'send one file a request')
  form.delete('file')
  const fields = UploadFields.safeParse(Object.fromEntries(form))
  if (!fields.success) throw invalidRequest(fields.error)
  const content = new Uint8Array(await file.arrayBuffer())
  return { ...fields.data, file: { name: file.name, type: file.type, bytes: content } }
}
