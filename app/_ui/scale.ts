const ROUND = [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10]

/**
 * The axis for counts up to `peak`: a round top that is not below it, and the marks to write beside it, from 0 up.
 * All of them whole numbers.
 */
export function scaleOf(peak: number): { top: number; marks: number[] } {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, peak)))
  const tops = ROUND.map((each) => each * size).filter(Number.isInteger)
  const top = tops.find((each) => each >= peak) ?? 10 * size
  return { top, marks: top % 2 === 0 ? [0, top / 2, top] : [0, top] }
}

/** A count in words of one form everywhere: "12,345", or "12.3k" where there is little room. */
export function countText(count: number, short = false): string {
  if (short && count >= 1_000_000) return `${Math.round(count / 100_000) / 10}M`
  if (short && count >= 10_000) return `${Math.round(count / 100) / 10}k`
  return count.toLocaleString('en')
}
