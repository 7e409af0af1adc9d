import { RelativeTime } from '../../../_ui/relative-time'
import { isAhead } from './connection-words'

/** What comes sooner is not worth a count, and may have begun by the time that it is read. */
const SOON_MS = 60_000

/** When something is tried next: "in 5 min", or "in a moment" where that is near or overdue. */
export function NextTime({ value }: { value: string | null }) {
  return isAhead(value, Date.now() + SOON_MS) ? <RelativeTime value={value} /> : 'in a moment'
}
