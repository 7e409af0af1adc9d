import { readCsv } from './document-parsers-csv'
import { readHtml } from './document-parsers-html'
import { readPdf } from './document-parsers-pdf'
import { type Original, type Reading, readingOf, requireReadable } from './document-reading'
import { decodeText } from './document-text'

/**
 * Reads any document into passages; where it may be killed only (document-reader.ts). Throws DocumentProblem for one that
 * cannot be read.
 */
export async function readDocument(original: Original): Promise<Reading> {
  requireReadable(original)
  const { bytes, mediaType } = original
  switch (mediaType) {
    case 'application/pdf': {
      const { text, pageCount } = await readPdf(bytes)
      return readingOf(text, pageCount)
    }
    case 'text/html':
      return readingOf(readHtml(bytes))
    case 'text/csv':
      return readingOf(readCsv(bytes))
    default:
      return readingOf(decodeText(bytes))
  }
}
