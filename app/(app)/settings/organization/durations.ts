import type { SelectOption } from '../../../_ui/select'

const HOUR_MINUTES = 60
const DAY_MINUTES = 24 * HOUR_MINUTES

function many(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count.toLocaleString('en')} ${noun}s`
}

/** `15 minutes`, `8 hours`, `1 day`: in the largest unit that it is a whole number of. */
export function durationText(minutes: number): string {
  if (minutes % DAY_MINUTES === 0) return many(minutes / DAY_MINUTES, 'day')
  if (minutes % HOUR_MINUTES === 0) return many(minutes / HOUR_MINUTES, 'hour')
  return many(minutes, 'minute')
}

/** What stands for null in a drop-down. */
export const UNSET = 'unset'

/** A drop-down's options: what holds without a setting, those offered, and the present one where it is none of them. */
export function durationOptions(
  unset: string,
  offered: readonly number[],
  { present, minutesEach }: { present: number | null; minutesEach: number },
): SelectOption[] {
  const all = present === null || offered.includes(present) ? offered : [...offered, present]
  const sorted = all.toSorted((a, b) => a - b)
  return [
    ...sorted.map((value) => ({ value: String(value), label: durationText(value * minutesEach) })),
    { value: UNSET, label: unset },
  ]
}

/** The setting that a drop-down's value stands for. */
export function settingOf(value: FormDataEntryValue | null): number | null {
  return value === null || value === UNSET ? null : Number(value)
}
