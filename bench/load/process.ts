import { generate } from './generator'
import type { Job, Reply } from './job'

// The generator's process: takes a job at a time from the benchmark, and ends with it.

function reply(message: Reply): void {
  process.send?.(message)
}

let running = new AbortController()

process.on('message', (job: Job | 'end') => {
  if (job === 'end') return running.abort()
  running = new AbortController()
  generate(job, running.signal).then(
    (outcome) => reply({ outcome }),
    (error: unknown) => reply({ failure: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
