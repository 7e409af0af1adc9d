/** What Postgres, a log's line or a reader takes badly: controls and NUL, what nobody sees, halves of surrogate pairs. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu
const REPLACEMENT = '\uFFFD'
const PRINTABLE_ASCII = /^[\x21-\x7e]+$/

/** The first `max` code points. A longer text is shortened before it is looked at, so that its length costs nothing. */
function firstOf(text: string, max: number): string {
  const near = text.slice(0, 2 * max)
  if (near.length <= max) return near
  let kept = ''
  let count = 0
  for (const character of near) {
    if (count === max) break
    kept += character
    count += 1
  }
  return kept
}

/**
 * Text that came from outside, shortened for a log, an audit row or a column: at most `max` code points, well formed, on one
 * line, with U+FFFD for every control character, NUL included.
 */
export function cut(text: string, max: number): string {
  return firstOf(text, max).replaceAll(UNSAFE, REPLACEMENT)
}

/** A display name that came from outside, without what is no letter of it; null where nothing is left. */
export function cutName(text: string | null | undefined, max: number): string | null {
  const name = firstOf(
    (text ?? '')
      .slice(0, 8 * max)
      .replaceAll(UNSAFE, ' ')
      .trim(),
    max,
  ).trim()
  return name || null
}

/** Whether text holds nothing that has to be replaced: such as a subject, which must come back the same each time. */
export function isPlainText(text: string): boolean {
  return text.search(UNSAFE) < 0
}

/** Whether text is printable ASCII without spaces, as everything is that Twig gives away to be handed back. */
export function isPrintableAscii(text: string): boolean {
  return PRINTABLE_ASCII.test(text)
}
