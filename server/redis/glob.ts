/**
 * Does `text` match Redis's glob `pattern` (`*`, `?`, `[a-c]`, `[^a]`, `\x`)?
 * One remembered star is enough for globs, so the time is at most pattern × text.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let position = 0
  let star = -1
  let starPosition = 0
  while (position < text.length) {
    if (pattern[at] === '*') {
      star = at++
      starPosition = position
      continue
    }
    const next = at < pattern.length ? matchOne(pattern, at, text.charCodeAt(position)) : -1
    if (next >= 0) {
      at = next
      position++
    } else if (star >= 0) {
      at = star + 1
      position = ++starPosition
    } else return false
  }
  while (pattern[at] === '*') at++
  return at >= pattern.length
}

/** The index behind the element at `at` when it matches the character, else -1. */
function matchOne(pattern: string, at: number, code: number): number {
  const element = pattern[at]
  if (element === '?') return at + 1
  if (element === '[') return matchClass(pattern, at + 1, code)
  const literal = element === '\\' && at + 1 < pattern.length ? at + 1 : at
  return pattern.charCodeAt(literal) === code ? literal + 1 : -1
}

function matchClass(pattern: string, start: number, code: number): number {
  const negated = pattern[start] === '^'
  let at = negated ? start + 1 : start
  let found = false
  // A class that is never closed ends with the pattern, as in Redis.
  for (; at < pattern.length && pattern[at] !== ']'; at++) {
    if (pattern[at] === '\\' && at + 1 < pattern.length) {
      at++
      if (pattern.charCodeAt(at) === code) found = true
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const from = pattern.charCodeAt(at)
      const to = pattern.charCodeAt(at + 2)
      if (code >= Math.min(from, to) && code <= Math.max(from, to)) found = true
      at += 2
    } else if (pattern.charCodeAt(at) === code) found = true
  }
  return found === negated ? -1 : at + 1
}
