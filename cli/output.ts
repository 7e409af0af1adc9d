/** What a verb came to. */
export interface Answer {
  /** With `--json`: the one document on stdout; a function makes it where it is long. */
  document: unknown
  /** Without: a sentence or a table. */
  text: string
  /** Instead of the text: lines that are read while they are printed. */
  pieces?: AsyncIterable<string>
  /** Told on stderr besides, in either form. */
  warning?: string
  /** 0 when absent. */
  exitCode?: number
}

/** Control characters, and those that turn the direction of writing: names are typed by strangers. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A text as it may appear on a terminal: in one line, without anything that moves the cursor. */
export function plain(text: string): string {
  return text.replace(UNPRINTABLE, '\u{fffd}')
}

const segmenter = new Intl.Segmenter()

function width(text: string): number {
  return [...segmenter.segment(text)].length
}

/** Columns under headings, two spaces apart; no space at the end of a line. */
export function table(headings: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [headings, ...rows.map((row) => row.map(plain))]
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `one key`, `2 keys`: for sentences. */
export function count(number: number, noun: string): string {
  return `${number === 1 ? 'one' : number} ${noun}${number === 1 ? '' : 's'}`
}

/** A time for people, to the minute, in UTC. Takes a Date or RFC 3339. */
export function minute(time: Date | string): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Writes text and a line break; returns when it is out. A reader that has gone away is no error. */
export function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return write(stream, `${text}\n`)
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') resolve()
      else reject(error)
    }
    stream.once('error', onError)
    stream.write(text, (error) => {
      if (error) return onError(error)
      stream.off('error', onError)
      resolve()
    })
  })
}

/** Writes an answer to where it belongs and returns the exit code. */
export async function printAnswer(answer: Answer, json: boolean): Promise<number> {
  const { document, pieces } = answer
  if (json) {
    const whole: unknown = typeof document === 'function' ? await document() : document
    await print(process.stdout, JSON.stringify(whole, null, 2))
  } else if (pieces) {
    for await (const piece of pieces) await write(process.stdout, piece)
  } else await print(process.stdout, answer.text)
  if (answer.warning) await print(process.stderr, answer.warning)
  return answer.exitCode ?? 0
}
