import { DOCUMENT_BYTES_MAX, TITLE_MAX } from '../../core/data-schemas'
import { recogniseDocument } from '../../core/document-types'
import { cut, cutName } from '../../core/received-text'
import { type FetchedDocument, ProviderFailure } from './connector'

const PATH_MAX = 500
const URL_MAX = 2_000
const SAID_MAX = 100
const TEXT_NAME = /\.(?:md|markdown|mdx|html?|xhtml|csv|tsv|txt|pdf)$/i
const TEXT_TYPE = /^(?:text\/|application\/(?:pdf|xhtml\+xml)(?:;|$))/i

/** A name from outside as a document's title. */
export function titleOf(name: string | null | undefined): string {
  return cutName(name, TITLE_MAX) ?? 'Untitled'
}

/** Where something lies, one place within the other. */
export function within(path: string | null, name: string): string {
  return cut(path ? `${path} / ${name}` : name, PATH_MAX)
}

/** An address to show to people: http or https, without credentials; null otherwise. */
export function shownUrl(url: string | null | undefined): string | null {
  if (!url || url.length > URL_MAX || !URL.canParse(url)) return null
  const { protocol, username, password } = new URL(url)
  return /^https?:$/.test(protocol) && !username && !password ? url : null
}

const TOO_LARGE = 'It is larger than 10 MiB'

/** Why a file need not be fetched, where its listing tells. */
export function unreadable(name: string, type: string, size: number | null): { skipped: string } | null {
  if (size !== null && size > DOCUMENT_BYTES_MAX) return { skipped: TOO_LARGE }
  if (TEXT_NAME.test(name) || TEXT_TYPE.test(type)) return null
  return { skipped: `Twig does not read files of this kind (${cut(type || 'unknown', SAID_MAX)})` }
}

/** A text that was put together, where it is not too large. */
export function asMarkdown(title: string, url: string | null, text: string): FetchedDocument {
  const bytes = new TextEncoder().encode(text)
  return bytes.length > DOCUMENT_BYTES_MAX
    ? { skipped: TOO_LARGE }
    : { title, url, mediaType: 'text/markdown', bytes }
}

/** A file that was fetched, recognised by its content. */
export function readFile(
  file: { title: string; url: string | null; type: string },
  bytes: Uint8Array,
): FetchedDocument {
  const found = recogniseDocument(bytes, file.title, file.type)
  if ('unreadable' in found) return { skipped: `Twig cannot read it: ${found.unreadable}` }
  return { title: file.title, url: file.url, mediaType: found.type, bytes }
}

/** Fetches a document; what is too large or not to be had is skipped, in words. */
export async function orSkipped(
  work: () => Promise<FetchedDocument>,
  refusals: Readonly<Record<string, string>> = {},
): Promise<FetchedDocument> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error
    if (error.reason === 'too_large') return { skipped: TOO_LARGE }
    const said = error.kind === 'forbidden' || error.kind === 'invalid_answer' ? refusals[error.reason] : null
    if (!said) throw error
    return { skipped: said }
  }
}
