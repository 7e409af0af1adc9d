import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { sampleSealing } from '../lib/domain/secret-rotation'
import { noteFilledIn } from '../lib/env/given'
import { patiently } from '../lib/store/db'
import { fillBackends, startBackends } from './backends'
import { ensureBuild } from './build'
import { configure, root } from './configuration'
import { startHousekeeping } from './housekeeping'
import { collectAlone } from './metrics-exchange'
import { migrate } from './migrate'
import { requireFreePort } from './port'
import { Problem } from './problem.mjs'
import type { RedisBackend } from './redis/backends'
import { type Mode, type ProcessOptions, serve } from './worker'
import { runWorkers, serveAsWorker } from './workers'

/** npm passes a Ctrl-C on to us that the terminal has sent us already; only a later one is a second one. */
const SECOND_SIGNAL_MS = 1_000
const CRASH_MS = 2_000
const PARENT_CHECK_MS = 500

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Aborted by the first Ctrl-C or SIGTERM; a second one ends the process there and then. */
function stopSignal(): AbortController {
  const stop = new AbortController()
  let firstAt: number | undefined
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (firstAt === undefined) {
        firstAt = Date.now()
        say('Stopping …')
        stop.abort()
      } else if (Date.now() - firstAt > SECOND_SIGNAL_MS) process.exit(1)
    })
  }
  // A signal that reaches npm alone ends npm and not us: whoever started us that way wants us gone as well.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event) {
    setInterval(() => {
      if (process.ppid !== parent && !stop.signal.aborted) process.kill(process.pid, 'SIGTERM')
    }, PARENT_CHECK_MS).unref()
  }
  return stop
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
}

/** A process that does everything by itself. */
function alone(backend: RedisBackend | undefined): ProcessOptions {
  return { name: 'main', backend, collect: collectAlone }
}

/** A wrong or lost encryption key shows at the start, not when the first agent fails. */
async function warnOfUnreadable(): Promise<void> {
  const { looked, unreadable } = await patiently(sampleSealing)
  if (unreadable === 0) return
  say(
    `TWIG_ENCRYPTION_KEYS does not open ${unreadable} of ${looked} sealed rows looked at; see: twig secrets status`,
  )
}

/**
 * `npm start` and `npm run dev`: backends, migrations, build, server, in that order; ends everything in the reverse order
 * on Ctrl-C or SIGTERM.
 * @param args `start` or `dev`
 * @returns the exit code: 0 after having been told to end, 1 when something ended by itself
 */
export async function main(args: string[]): Promise<number> {
  const mode: Mode = args[0] === 'dev' ? 'dev' : 'start'
  const given = { ...process.env }
  Object.assign(process.env, { NODE_ENV: mode === 'dev' ? 'development' : 'production', TWIG_SERVER: '1' })
  if (cluster.isWorker) return await serveAsWorker(mode)
  delete process.env.TWIG_SERVER

  const stop = stopSignal()
  const env = configure()
  await requireFreePort(env.port)

  let exitCode = 0
  const onCrash = (sentence: string) => {
    process.stderr.write(`${sentence}\n`)
    exitCode = 1
    stop.abort()
  }
  const backends = await startBackends({ env, role: 'server', say, onCrash })
  try {
    fillBackends(process.env, backends)
    process.env.TWIG_SERVER = '1'
    noteFilledIn(process.env, given)
    const applied = await migrate(env.directDatabaseUrl ?? backends.databaseUrl)
    if (applied.length > 0) say(`Database migrated (${applied.length})`)
    await warnOfUnreadable()
    if (mode === 'start') await ensureBuild(root, { say, signal: stop.signal })
    if (stop.signal.aborted) return exitCode
    const count = mode === 'start' ? env.webConcurrency : 1
    const close =
      count > 1 ? await runWorkers(count, say) : await serve(env, mode, root, alone(backends.redis))
    if (!stop.signal.aborted) say(`Twig is ready: ${env.appUrl}`)
    const endHousekeeping = startHousekeeping()
    await aborted(stop.signal)
    await Promise.race([endHousekeeping(), sleep(CRASH_MS)])
    // Without its database no answer that is under way can still come to anything.
    await (exitCode === 0 ? close() : Promise.race([close(), sleep(CRASH_MS)]))
    return exitCode
  } catch (error) {
    if (stop.signal.aborted && error instanceof Problem) return exitCode
    throw error
  } finally {
    await backends.close()
  }
}
