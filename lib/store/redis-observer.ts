import type { CallObserver } from '../edge/breaker'
import { metrics } from './metrics'

/** Counts the calls that somebody makes to Redis: how long they took, which failed, and whether they are spared now. */
export function redisObserver(caller: 'gate' | 'app'): CallObserver {
  const { redisSeconds, redisFailures, breakerOpen } = metrics
  let isOpen = false
  const tell = (open: boolean) => {
    isOpen = open
    breakerOpen.set(open ? 1 : 0, caller)
  }
  tell(false)
  return {
    made(elapsedMs, hasFailed) {
      redisSeconds.observe(elapsedMs, caller)
      if (hasFailed) redisFailures.add(caller, 'failed')
      if (hasFailed !== isOpen) tell(hasFailed)
    },
    spared: () => redisFailures.add(caller, 'spared'),
  }
}
