import { parse } from 'csv-parse/sync'
import { DocumentProblem, TextCollector } from './document-problem'
import { decodeText } from './document-text'

const COLUMNS_MAX = 1_000
const CELL_NAME_MAX = 100

/** Which of the usual separators the first line has most of. */
function delimiterOf(text: string): string {
  const line = text.slice(0, 10_000).split('\n', 1)[0] ?? ''
  const counts = [',', ';', '\t'].map((mark) => ({ mark, count: line.split(mark).length }))
  return counts.sort((a, b) => b.count - a.count)[0]?.mark ?? ','
}

/** Rows of a table as paragraphs of `header: value` lines, so that each can be understood by itself. Throws DocumentProblem. */
export function readCsv(bytes: Uint8Array): string {
  const source = decodeText(bytes)
  const text = new TextCollector()
  let header: string[] | undefined
  try {
    parse(source, {
      delimiter: delimiterOf(source),
      bom: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: 1_000_000,
      on_record: (row: string[]) => {
        if (!header) {
          if (row.length > COLUMNS_MAX) throw new DocumentProblem(`it has more than ${COLUMNS_MAX} columns`)
          header = row.map((name, index) => name.trim().slice(0, CELL_NAME_MAX) || `Column ${index + 1}`)
          return null
        }
        for (const [index, value] of row.slice(0, COLUMNS_MAX).entries()) {
          const cell = value.trim()
          if (cell !== '')
            text.add(`${header[index] ?? `Column ${index + 1}`}: ${cell.replaceAll(/\s+/g, ' ')}\n`)
        }
        text.add('\n')
        return null
      },
    })
  } catch (error) {
    if (error instanceof DocumentProblem) throw error
    const line = error instanceof Error && 'lines' in error ? ` in line ${String(error.lines)}` : ''
    throw new DocumentProblem(`it is not a well-formed table${line}`)
  }
  // A table of one row has nothing but its header.
  return text.length === 0 ? (header ?? []).join('\n') : text.toString().trim()
}
