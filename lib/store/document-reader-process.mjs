import { isMainThread, parentPort, Worker } from 'node:worker_threads'

// A process of its own that reads documents which strangers wrote: it may be killed, and it holds no secret. Its main
// thread only watches the thread that reads, so that it can end it whatever that is doing.

const WATCH_MS = 20
/** Of the reader's own heap; what lies outside of it (buffers) counts in the memory of the whole process. */
const HEAP_MIB = 192

/** Tells the parent and ends: after what went wrong here, nothing of this process is used again. */
function end(answer) {
  process.send(answer, () => process.exit(1))
}

function startThread() {
  return new Worker(new URL(import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  })
}

/** Reads one document at a time, each within its time and the memory of the process. */
function supervise() {
  const thread = startThread()
  let job
  const fail = (problem) => {
    if (!job) return process.exit(1)
    clearInterval(job.watch)
    end({ id: job.id, problem })
    job = undefined
  }
  thread.on('message', (answer) => {
    if (!job || answer.id !== job.id) return
    clearInterval(job.watch)
    // What a large document has taken is not given back soon: the next one gets a fresh process.
    const isSpent = process.memoryUsage.rss() > job.memoryBytes / 2
    job = undefined
    process.send({ ...answer, isSpent })
  })
  thread.on('error', (error) => {
    fail(error?.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash')
  })
  thread.on('exit', () => fail('crash'))
  process.on('message', ({ id, original, timeMs, memoryBytes }) => {
    const deadline = performance.now() + timeMs
    job = { id, memoryBytes }
    job.watch = setInterval(() => {
      if (process.memoryUsage.rss() > job.memoryBytes) fail('memory')
      else if (performance.now() > deadline) fail('time')
    }, WATCH_MS)
    thread.postMessage({ id, original })
  })
  process.on('disconnect', () => process.exit(0))
}

/** The thread that reads. TypeScript is for our own files: passing the libraries through it takes 300 MB of memory. */
async function read() {
  const { register } = await import('tsx/esm/api')
  const unregister = register()
  const { readDocument } = await import('./document-parsers.ts')
  await unregister()
  parentPort.on('message', async ({ id, original }) => {
    try {
      parentPort.postMessage({ id, reading: await readDocument(original) })
    } catch (error) {
      // Never the message of a library: it may quote the document.
      const isKnown = error?.name === 'DocumentProblem'
      parentPort.postMessage(isKnown ? { id, reason: error.message } : { id, problem: 'crash' })
    }
  })
}

if (isMainThread) supervise()
else await read()
