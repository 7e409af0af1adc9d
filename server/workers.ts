import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { validateEnv } from '../lib/env/node'
import { root } from './configuration'
import { joinMetrics, shareMetrics } from './metrics-exchange'
import { Problem } from './problem.mjs'
import { type Mode, serve } from './worker'

/** Tells a worker which of them it is; whoever takes its place has the same number. */
const NUMBER = 'TWIG_WORKER'
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
/** A worker that has lived this long starts over with the shortest pause. */
const STEADY_MS = 60_000

/**
 * What a worker process runs: it serves, says that it is ready, and ends when told to or when its parent is gone.
 * @returns the exit code
 */
export async function serveAsWorker(mode: Mode): Promise<number> {
  // A Ctrl-C in the terminal reaches every process; the parent decides when a worker ends.
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
  const told = new Promise<void>((resolve) => {
    process.on('SIGTERM', resolve)
    process.on('disconnect', resolve)
  })
  const checked = validateEnv(process.env)
  if (!checked.ok) throw new Problem(checked.problems.join('\n'))
  const name = process.env[NUMBER] ?? '0'
  const close = await serve(checked.value, mode, root, { name, collect: joinMetrics(name) })
  process.send?.('ready')
  await told
  await close()
  return 0
}

function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message) => {
      if (message === 'ready') resolve()
    })
    worker.once('exit', (code, signal) => {
      reject(new Problem(`A worker process ended while starting (${signal ?? `code ${code}`}).`))
    })
  })
}

/**
 * Runs Twig in several processes that share the port. One that ends by itself is reported and replaced, with a pause
 * that grows while they keep ending.
 * @returns the function that ends them all, once their running answers have finished
 */
export async function runWorkers(count: number, say: (line: string) => void): Promise<() => Promise<void>> {
  let hasStarted = false
  let isClosing = false
  let pauseMs = FIRST_PAUSE_MS
  const live = new Set<Worker>()
  shareMetrics()

  const fork = (number: number): Worker => {
    const worker = cluster.fork({ [NUMBER]: String(number) })
    const began = Date.now()
    live.add(worker)
    worker.once('exit', (code, signal) => {
      live.delete(worker)
      if (hasStarted && !isClosing)
        void replace(number, worker.process.pid, signal ?? `code ${code}`, Date.now() - began)
    })
    return worker
  }

  const replace = async (number: number, pid: number | undefined, how: string, livedMs: number) => {
    const pause = livedMs > STEADY_MS ? FIRST_PAUSE_MS : pauseMs
    pauseMs = Math.min(pause * 2, LONGEST_PAUSE_MS)
    say(`Worker process ${pid} ended (${how}); a new one starts in ${pause / 1000} s`)
    await sleep(pause)
    if (!isClosing) fork(number)
  }

  const close = async () => {
    isClosing = true
    await Promise.all(
      [...live].map((worker) => {
        const gone = new Promise((resolve) => worker.once('exit', resolve))
        worker.process.kill('SIGTERM')
        return gone
      }),
    )
  }

  try {
    await Promise.all(Array.from({ length: count }, (_, at) => ready(fork(at + 1))))
  } catch (error) {
    await close()
    throw error
  }
  hasStarted = true
  return close
}
