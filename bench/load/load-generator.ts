import { once } from 'node:events'
import { Problem } from '../../server/problem.mjs'
import { startProcess } from '../child-process'
import type { Job, Outcome, Reply } from './job'

/** Load from a process of its own, one job after the other. */
export interface LoadGenerator {
  /**
   * @param ended ends the job before its time
   * @throws Problem when a server breaks off or answers something other than HTTP
   */
  run: (job: Job, ended?: AbortSignal) => Promise<Outcome>
  close: () => Promise<void>
}

/** Starts the generator's process. */
export async function startLoadGenerator(): Promise<LoadGenerator> {
  const { child, close } = await startProcess('./load/process.ts')
  const gone = once(child, 'exit').then(() => Promise.reject(new Problem('The load generator ended.')))
  // Looked at only while a job runs.
  gone.catch(() => {})
  return {
    run: async (job, ended) => {
      const answered = once(child, 'message')
      child.send(job)
      const end = () => child.send('end')
      ended?.addEventListener('abort', end)
      const [reply] = (await Promise.race([answered, gone])) as [Reply]
      ended?.removeEventListener('abort', end)
      if ('failure' in reply) throw new Problem(`The load could not be run: ${reply.failure}.`)
      return reply.outcome
    },
    close,
  }
}
