import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { TextItem, TextMarkedContent } from 'pdfjs-dist/types/src/display/api'
import { DocumentProblem, TextCollector } from './document-problem'

const PAGES_MAX = 2_000
/** A gap of so many heights of a line begins a paragraph. */
const PARAGRAPH_GAP = 1.6
/** Fewer letters than this in a whole document are the page numbers of a scan. */
const LETTERS_MIN = 12

type Builtin = typeof process.getBuiltinModule

/**
 * Loads the library without its canvas, which only drawing needs: it would bring native code into the reading of files
 * that strangers wrote.
 */
async function loadLibrary() {
  const builtin: Builtin = process.getBuiltinModule
  const withoutRequire = (id: string) => {
    if (id === 'module') throw new Error('no native modules here')
    return builtin(id)
  }
  process.getBuiltinModule = withoutRequire as Builtin
  // Made while the library loads, and used for drawing alone.
  Object.assign(globalThis, { DOMMatrix: class {}, ImageData: class {}, Path2D: class {} })
  return import('pdfjs-dist/legacy/build/pdf.mjs')
}

let library: ReturnType<typeof loadLibrary> | undefined

function folderOf(name: string): string {
  return join(dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json')), name, '/')
}

/** Puts the pieces of a page together again as lines and paragraphs. */
class PageText {
  readonly #text: TextCollector
  #line = ''
  #lastY: number | undefined
  #height = 0

  constructor(text: TextCollector) {
    this.#text = text
  }

  add(item: TextItem): void {
    const [, , , , , y = 0] = item.transform as number[]
    const gap = this.#lastY === undefined ? 0 : Math.abs(this.#lastY - y)
    if (this.#line === '' && gap > Math.max(item.height, this.#height) * PARAGRAPH_GAP) this.#text.add('\n')
    this.#line += item.str
    if (item.str.trim() !== '') {
      this.#lastY = y
      this.#height = item.height
    }
    if (item.hasEOL) this.endLine()
  }

  endLine(): void {
    const line = this.#line.trim()
    this.#line = ''
    if (line === '') return
    // A word that was divided at the end of the line.
    const divided = /\p{Ll}-$/u.test(line)
    this.#text.add(divided ? line.slice(0, -1) : `${line}\n`)
  }
}

const isText = (item: TextItem | TextMarkedContent): item is TextItem => 'str' in item

/**
 * The text of a PDF, page by page, drawing nothing and running nothing of it.
 * Throws DocumentProblem: encrypted, damaged, nothing but pictures, too many pages, too much text.
 */
export async function readPdf(bytes: Uint8Array): Promise<{ text: string; pageCount: number }> {
  library ??= loadLibrary()
  const { getDocument, VerbosityLevel } = await library
  const task = getDocument({
    // The library takes the memory over; it may be somebody's else.
    data: Uint8Array.from(bytes),
    isEvalSupported: false,
    useSystemFonts: false,
    disableFontFace: true,
    useWorkerFetch: false,
    useWasm: false,
    enableXfa: false,
    stopAtErrors: false,
    maxImageSize: 0,
    cMapUrl: folderOf('cmaps'),
    cMapPacked: true,
    standardFontDataUrl: folderOf('standard_fonts'),
    verbosity: VerbosityLevel.ERRORS,
  })
  try {
    const pdf = await task.promise
    if (pdf.numPages > PAGES_MAX) throw new DocumentProblem(`it has more than ${PAGES_MAX} pages; split it`)
    const text = new TextCollector()
    for (let number = 1; number <= pdf.numPages; number++) {
      const page = await pdf.getPage(number)
      const content = new PageText(text)
      const reader = page.streamTextContent().getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        for (const item of part.value.items as Array<TextItem | TextMarkedContent>) {
          if (isText(item)) content.add(item)
        }
      }
      content.endLine()
      text.add('\n')
      page.cleanup()
    }
    const whole = text.toString()
    if ((whole.match(/[\p{L}\p{N}]/gu)?.length ?? 0) < LETTERS_MIN) {
      throw new DocumentProblem('it holds no text; a scan has to go through text recognition (OCR) first')
    }
    return { text: whole, pageCount: pdf.numPages }
  } catch (error) {
    throw problemOf(error)
  } finally {
    await task.destroy().catch(() => {})
  }
}

function problemOf(error: unknown): unknown {
  if (error instanceof DocumentProblem || !(error instanceof Error)) return error
  if (error.name === 'PasswordException') {
    return new DocumentProblem('it is encrypted; save a copy that opens without a password')
  }
  return new DocumentProblem('it is damaged and cannot be read as a PDF')
}
