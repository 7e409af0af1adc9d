import type { DocumentType } from './data-schemas'

/** What a file is by its first bytes, where those decide; the words are for a person. */
const SIGNATURES: ReadonlyArray<{ bytes: readonly number[]; what: string }> = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'a ZIP archive or an Office document' },
  { bytes: [0x50, 0x4b, 0x05, 0x06], what: 'a ZIP archive' },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: 'an old Office document' },
  { bytes: [0x89, 0x50, 0x4e, 0x47], what: 'a PNG image' },
  { bytes: [0xff, 0xd8, 0xff], what: 'a JPEG image' },
  { bytes: [0x47, 0x49, 0x46, 0x38], what: 'a GIF image' },
  { bytes: [0x1f, 0x8b], what: 'a gzip archive' },
  { bytes: [0x42, 0x5a, 0x68], what: 'a bzip2 archive' },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf], what: 'a 7z archive' },
  { bytes: [0x52, 0x61, 0x72, 0x21], what: 'a RAR archive' },
  { bytes: [0x7f, 0x45, 0x4c, 0x46], what: 'a program' },
  { bytes: [0x4d, 0x5a, 0x90], what: 'a program' },
  { bytes: [0x7b, 0x5c, 0x72, 0x74, 0x66], what: 'an RTF document' },
]

/** A PDF may begin with something else; readers look for its header in the first kilobyte. */
const HEAD_BYTES = 1_024

const BY_NAME = new Map<string, DocumentType>(
  Object.entries({
    md: 'text/markdown',
    markdown: 'text/markdown',
    mdx: 'text/markdown',
    html: 'text/html',
    htm: 'text/html',
    xhtml: 'text/html',
    csv: 'text/csv',
    tsv: 'text/csv',
    pdf: 'application/pdf',
    txt: 'text/plain',
  }),
)

const BY_TYPE = new Map<string, DocumentType>(
  Object.entries({
    'text/markdown': 'text/markdown',
    'text/x-markdown': 'text/markdown',
    'text/html': 'text/html',
    'application/xhtml+xml': 'text/html',
    'text/csv': 'text/csv',
    'text/tab-separated-values': 'text/csv',
    'application/pdf': 'application/pdf',
  }),
)

export type Utf16 = 'utf-16le' | 'utf-16be'

/** UTF-16 by its byte order mark, or by where its zero bytes stand when the text is mostly Latin. */
export function utf16Of(bytes: Uint8Array): Utf16 | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  const head = bytes.subarray(0, HEAD_BYTES)
  if (head.length < 8) return null
  const zeros = [0, 0]
  head.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1
  })
  const [even = 0, odd = 0] = zeros
  const half = head.length / 2
  if (odd > half * 0.7 && even < half * 0.05) return 'utf-16le'
  return even > half * 0.7 && odd < half * 0.05 ? 'utf-16be' : null
}

/** Bytes as characters of the same number, for looking at ASCII in them. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

/** What a file is: a type that Twig reads, or in words why it does not. */
export type Recognised = { type: DocumentType } | { unreadable: string }

/**
 * Recognises a file by its content, then by the end of its name, then by what its sender calls it.
 * @param bytes the whole file, or its first kilobytes
 */
export function recogniseDocument(bytes: Uint8Array, name: string, sentType: string): Recognised {
  const head = bytes.subarray(0, HEAD_BYTES)
  const text = latin1(head)
  const named = BY_NAME.get(/\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '')
  const sent = BY_TYPE.get(sentType.split(';')[0]?.trim().toLowerCase() ?? '')
  const said = named ?? sent
  const isCalledText = said !== undefined && said !== 'application/pdf'
  const pdf = text.search(/%PDF-\d/)
  if (pdf === 0 || (pdf > 0 && !isCalledText)) return { type: 'application/pdf' }
  const signature = SIGNATURES.find(({ bytes: magic }) => magic.every((byte, index) => head[index] === byte))
  if (signature) return { unreadable: `it is ${signature.what}` }
  if (utf16Of(bytes) === null && head.includes(0)) return { unreadable: 'it is not text' }
  if (said === 'application/pdf') return { unreadable: 'it is called a PDF but is none, or it is damaged' }
  if (said === undefined && /^(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html[\s>])/i.test(text)) {
    return { type: 'text/html' }
  }
  return { type: said ?? 'text/plain' }
}
