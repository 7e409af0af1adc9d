import { sweepExpired } from '../lib/domain/sweep'
import { bareCause } from '../lib/store/background'
import { log } from '../lib/store/log'

const FIRST_MS = 600_000
const EVERY_MS = 3600_000

/** Once an hour, first after ten minutes, removes what is past its time. Returns the function that ends it, after a sweep under way. */
export function startHousekeeping(): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  function sweep() {
    running = sweepExpired().then(
      (rows) => log().debug({ rows }, 'swept'),
      (error: unknown) => log().warn({ cause: bareCause(error) }, 'sweep failed'),
    )
  }
  const first = setTimeout(sweep, FIRST_MS).unref()
  const timer = setInterval(sweep, EVERY_MS).unref()
  return () => {
    clearTimeout(first)
    clearInterval(timer)
    return running
  }
}
