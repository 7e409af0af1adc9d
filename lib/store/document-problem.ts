/** Why a document cannot be read, as the end of a sentence that begins with its name. */
export class DocumentProblem extends Error {
  override readonly name = 'DocumentProblem'
}

/** Of the text of one document, in UTF-16 units: what 10 MiB of plain text come to, and room for headers of tables. */
const TEXT_MAX = 12_000_000

/** Gathers text up to its bound. */
export class TextCollector {
  readonly #parts: string[] = []
  #length = 0

  /** Throws DocumentProblem when it has become too much. */
  add(text: string): void {
    this.#length += text.length
    if (this.#length > TEXT_MAX) {
      throw new DocumentProblem(`it holds more than ${TEXT_MAX / 1_000_000} million characters; split it`)
    }
    this.#parts.push(text)
  }

  get length(): number {
    return this.#length
  }

  toString(): string {
    return this.#parts.join('')
  }
}
