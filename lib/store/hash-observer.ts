import { metrics } from './metrics'
import type { QueueObserver } from './work-queue'

/** Counts how computations of bcrypt wait: those of keys and those of passwords have queues of their own. */
export function hashObserver(queue: 'keys' | 'passwords'): QueueObserver {
  metrics.hashesWaiting.move(0, queue)
  return {
    waiting: (by) => metrics.hashesWaiting.move(by, queue),
    waited: (elapsedMs) => metrics.hashWaitSeconds.observe(elapsedMs, queue),
    refused: () => metrics.hashesRefused.add(queue),
  }
}
