import { detect } from 'tinyld/light'
import { chunkText } from '../core/chunking'
import type { DocumentType } from '../core/data-schemas'
import { recogniseDocument } from '../core/document-types'
import { DocumentProblem } from './document-problem'
import { decodeText } from './document-text'

/** A document to read. */
export interface Original {
  bytes: Uint8Array
  mediaType: DocumentType
}

/** A document, read. */
export interface Reading {
  passages: string[]
  /** ISO 639-1, or empty where the text does not tell. */
  language: string
  pageCount: number | null
}

/** Plain text up to this is cut up within a few milliseconds, which no process of its own is worth. */
const BRIEF_BYTES = 64 * 1024

/** As much as tells a language; detection takes time by the character. */
const SAMPLE_LENGTH = 4_000

/** Of fewer letters than this nothing is guessed. */
const LETTERS_MIN = 24

/** From the middle, where a document is most itself: it may begin with a licence or a list of contents. */
function sampleOf(text: string): string {
  const start = Math.max(0, Math.floor((text.length - SAMPLE_LENGTH) / 2))
  return text.slice(start, start + SAMPLE_LENGTH)
}

/** The language of a text (ISO 639-1), or empty where it does not tell. */
export function languageOf(text: string): string {
  const sample = sampleOf(text)
  const letters = sample.match(/\p{L}/gu)?.length ?? 0
  return letters < LETTERS_MIN ? '' : detect(sample)
}

/** Passages and language of a text. Throws DocumentProblem for one that says nothing. */
export function readingOf(text: string, pageCount: number | null = null): Reading {
  const passages = chunkText(text)
  if (passages.length === 0) throw new DocumentProblem('it holds no text')
  return { passages, language: languageOf(text), pageCount }
}

/** Throws DocumentProblem for what no parser here is for. */
export function requireReadable({ bytes, mediaType }: Original): void {
  const seen = recogniseDocument(bytes, '', mediaType)
  if ('unreadable' in seen) throw new DocumentProblem(seen.unreadable)
}

/** Whether reading is only decoding and cutting, and soon done. */
export function isBrief({ bytes, mediaType }: Original): boolean {
  return (mediaType === 'text/plain' || mediaType === 'text/markdown') && bytes.length <= BRIEF_BYTES
}

/** Reads what is brief. Throws DocumentProblem. */
export function readBrief(original: Original): Reading {
  requireReadable(original)
  return readingOf(decodeText(original.bytes))
}
