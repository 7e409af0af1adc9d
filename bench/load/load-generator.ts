import { once } from 'node:events'
import { Problem } from '../../server/problem.mjs'
import { startProcess } from '../child-process'
import type { Job, Outcome, Reply } from './job'

/** Load from a process of its own, one job after the other. */
export interface LoadGenerator {
  /** @throws Problem when a server breaks off or answers something other than HTTP */
  run: (job: Job) => Promise<Outcome>
  close: () => Promise<void>
}

/** Starts the generator's process. */
export async function startLoadGenerator(): Promise<LoadGenerator> {
  const { child, close } = await startProcess('./load/process.ts')
  const gone = once(child, 'exit').then(() => Promise.reject(new Problem('The load generator ended.')))
  // Looked at only while a job runs.
  gone.catch(() => {})
  return {
    run: async (job) => {
      const answered = once(child, 'message')
      child.send(job)
      const [reply] = (await Promise.race([answered, gone])) as [Reply]
      if ('failure' in reply) throw new Problem(`The load could not be run: ${reply.failure}.`)
      return reply.outcome
    },
    close,
  }
}
