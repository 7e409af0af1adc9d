/** Words that say nothing of what somebody asks for, in the languages that Twig's own texts and most sources are in. */
const EMPTY_WORDS = new Set(
  (
    'a about am an and any are as at be been but by can could did do does for from had has have he her him his how i if in into is it ' +
    'its me my no not of on or our shall she should so some than that the their them then there these they this to us was we were what ' +
    'when where which who whom why will with would you your tell please many much long may might must ' +
    'der die das den dem des ein eine einen einem einer und oder ist sind war wie was wer wo wann warum ich du er sie es wir ihr zu ' +
    'im in am an auf für mit von nicht kann ' +
    'le la les un une des du de et ou est sont que qui quoi où quand comment pourquoi je tu il elle nous vous ils dans pour avec ce ' +
    'el los las una y o es son que quien donde cuando como por para con en del al se'
  ).split(' '),
)

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
const STEM_MIN = 4

/** Without the endings of English, which fit well enough elsewhere: "returns", "returned" and "returning" are one word. */
function stem(word: string): string {
  for (const ending of ['ings', 'ing', 'ies', 'ed', 'es', 's', 'e', 'y']) {
    if (word.endsWith(ending) && word.length - ending.length >= STEM_MIN - 1)
      return word.slice(0, -ending.length)
  }
  return word
}

/** What the segmenter gets at once, at most 256 characters: its time and memory grow with the square of that. */
const RUN = /.{1,256}(?=\s|$)|\S{1,256}/gsu

/** The telling words of a text in their basic form, also of languages that write no spaces between them. */
export function words(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[’']s\b/g, '')
  // No word reaches across a space; where nobody writes spaces it is cut by length.
  const all = (plain.match(RUN) ?? []).flatMap((run) =>
    [...segmenter.segment(run)].flatMap(({ segment, isWordLike }) => (isWordLike ? [segment] : [])),
  )
  return all.filter((word) => !EMPTY_WORDS.has(word)).map(stem)
}

const CLOSE_MIN = 5
const FAR_MIN = 8

/** Letters left out, added, changed or swapped that make one word of the other; more than `most` is told as `most` + 1. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const changed = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(isSwap ? Math.min(changed, (before[j - 2] ?? 0) + 1) : changed)
    }
    if (Math.min(...row) > most) return most + 1
    ;[before, last] = [last, row]
  }
  return last[b.length] ?? most + 1
}

/** Whether two words differ as by a slip of the fingers; short ones never do. */
export function nearlyEqual(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length)
  if (shorter < CLOSE_MIN || /\d/.test(a + b)) return false
  const most = shorter >= FAR_MIN ? 2 : 1
  return distance(a, b, most) <= most
}
