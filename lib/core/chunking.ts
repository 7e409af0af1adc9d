/** Longest passage, in UTF-16 units; what a section's passage repeats of the one before counts as well. */
export const PASSAGE_MAX = 1_200
/** A passage as long as this is closed at the next border. */
const PASSAGE_FULL = 800
/** A heading closes a passage that has this much. */
const SECTION_MIN = 300
/** How much of its end the next passage repeats, in whole sentences or words. */
const OVERLAP_MAX = 150
const HEADING_MAX = 120

const HEADING = /^#{1,6}\s+\S/

/** The parts of a text between borders, none longer than `max`, none empty. */
function pieces(text: string, border: RegExp, max: number, finer: (part: string) => string[]): string[] {
  const parts: string[] = []
  for (const part of text.split(border)) {
    const trimmed = part.trim()
    if (trimmed === '') continue
    if (trimmed.length <= max) parts.push(trimmed)
    else for (const piece of finer(trimmed)) parts.push(piece)
  }
  return parts
}

/** Cuts what has no border at all, never inside a character. */
function cut(text: string, max: number): string[] {
  const parts: string[] = []
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + max, text.length)
    const last = text.charCodeAt(end - 1)
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1
    parts.push(text.slice(start, end))
    start = end
  }
  return parts
}

/** Joins neighbours again as far as they fit. */
function packed(parts: readonly string[], max: number, glue: string): string[] {
  const joined: string[] = []
  let current = ''
  for (const part of parts) {
    if (current !== '' && current.length + glue.length + part.length > max) {
      joined.push(current)
      current = part
    } else current = current === '' ? part : current + glue + part
  }
  if (current !== '') joined.push(current)
  return joined
}

/** After the marks that end a sentence, in Latin and in CJK writing. */
const SENTENCE = /(?<=[.!?…]["'”’»)\]]?)\s+|(?<=[。！？])/u

const words = (text: string, max: number): string[] =>
  packed(
    pieces(text, /\s+/u, max, (word) => cut(word, max)),
    max,
    ' ',
  )
const sentences = (text: string, max: number): string[] =>
  pieces(text, SENTENCE, max, (part) => words(part, max))
const lines = (text: string, max: number): string[] =>
  packed(
    pieces(text, /\n/, max, (line) => packed(sentences(line, max), max, ' ')),
    max,
    '\n',
  )

/** The end of a passage that the next one repeats: whole sentences, else whole words, else nothing. */
function tail(passage: string): string {
  const end = passage.slice(-OVERLAP_MAX)
  if (end.length < OVERLAP_MAX) return ''
  const sentence = /[.!?…。！？]["'”’»)\]]?\s+(\S[\s\S]*)$/u.exec(end)?.[1]
  return (sentence ?? /\s(\S[\s\S]*)$/u.exec(end)?.[1] ?? '').trim()
}

/** Paragraphs of a text, with headings apart. */
function* blocks(text: string): Generator<string> {
  for (const block of text.split(/\n[^\S\n]*\n/)) {
    let plain: string[] = []
    for (const line of block.split('\n')) {
      if (!HEADING.test(line)) {
        plain.push(line)
        continue
      }
      if (plain.length > 0) yield plain.join('\n')
      plain = []
      yield line
    }
    if (plain.length > 0) yield plain.join('\n')
  }
}

/**
 * Cuts a text into passages of about a thousand characters (at most PASSAGE_MAX) at headings, paragraphs, lines and
 * sentences, in this order. Neighbours of one section overlap a little, and each begins with the section's heading, so
 * that a passage can be understood by itself. Every word of the text is in some passage, in its order.
 * @param text paragraphs apart by an empty line, headings as in Markdown
 */
export function chunkText(text: string): string[] {
  const passages: string[] = []
  let heading = ''
  let current = ''
  /** How much of `current` only repeats what other passages have. */
  let repeated = 0

  const close = () => {
    if (current.length > repeated) passages.push(current)
    current = ''
    repeated = 0
  }
  const begin = (overlap: string) => {
    current = [heading, overlap].filter((part) => part !== '').join('\n\n')
    repeated = current.length
  }
  const add = (part: string) => {
    if (current !== '' && current.length + 2 + part.length > PASSAGE_MAX) {
      const overlap = tail(current)
      const isNew = current.length > repeated
      close()
      begin(isNew ? overlap : '')
      if (current.length + 2 + part.length > PASSAGE_MAX) begin('')
      if (current.length + 2 + part.length > PASSAGE_MAX) current = ''
      repeated = current.length
    }
    current = current === '' ? part : `${current}\n\n${part}`
  }

  for (const block of blocks(text.replaceAll(/\r\n?/g, '\n'))) {
    const trimmed = block.trim()
    if (trimmed === '') continue
    if (HEADING.test(trimmed)) {
      if (current.length - repeated >= SECTION_MIN || current.length === repeated) close()
      heading = trimmed.length <= HEADING_MAX ? trimmed : ''
      for (const part of lines(trimmed, PASSAGE_MAX)) add(part)
      continue
    }
    const room = PASSAGE_MAX - OVERLAP_MAX - HEADING_MAX - 4
    for (const part of trimmed.length > PASSAGE_FULL ? lines(trimmed, room) : [trimmed]) {
      if (current.length - repeated >= PASSAGE_FULL) {
        const overlap = tail(current)
        close()
        begin(overlap)
      }
      add(part)
    }
  }
  close()
  return passages
}
