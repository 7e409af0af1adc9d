/** `1 day`, `90 days`. */
export function daysText(days: number): string {
  return days === 1 ? '1 day' : `${days.toLocaleString('en')} days`
}

/** How long interactions are kept, as a sentence. */
export function retentionText(days: number | null): string {
  return days === null ? 'They are kept for good.' : `They are deleted after ${daysText(days)}.`
}
