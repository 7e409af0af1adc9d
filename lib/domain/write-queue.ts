import { WorkQueue } from '../store/work-queue'

/** What is written within a moment needs no turn. */
const SMALL_BYTES = 256 * 1024

/** One for the process, the server's modules and those that Next bundled. */
const shared = globalThis as unknown as { twigWriteQueue?: WorkQueue }

/**
 * Large writes take turns: there are two patient connections, and one must stay free for the chores. Sixteen may wait,
 * which bounds the memory of what they hold. Throws temporarily_unavailable when more do.
 */
export function inWriteQueue<T>(bytes: number, write: () => Promise<T>): Promise<T> {
  if (bytes <= SMALL_BYTES) return write()
  shared.twigWriteQueue ??= new WorkQueue({ concurrency: 1, maxWaiting: 16 })
  return shared.twigWriteQueue.run(write)
}
