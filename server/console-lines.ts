import { types } from 'node:util'
import { bareCause } from '../lib/store/background'
import { log, scrub } from '../lib/store/log'

const FRAMES_MAX = 8
/** What the gate in the middleware writes is a whole line already (lib/edge/host.ts). */
const OWN_LINE = /^\{"level":\d+,.*\}$/

/** An error's message may quote what a person typed, or a query; its class, its digest and its stack's frames do not. */
function factsOf(error: Error & { digest?: unknown }) {
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line))
  const digest = typeof error.digest === 'string' ? error.digest : undefined
  return { digest, cause: bareCause(error), frames: frames?.slice(0, FRAMES_MAX) }
}

function tell(level: 'error' | 'warn', said: readonly unknown[]): void {
  const [first] = said
  if (said.length === 1 && typeof first === 'string' && OWN_LINE.test(first))
    return void process.stderr.write(`${scrub(first)}\n`)
  const error = said.find((part) => types.isNativeError(part))
  if (error) return void log()[level](factsOf(error), 'a page failed')
  const words = said.filter((part) => typeof part === 'string').join(' ')
  log()[level](scrub(words))
}

/**
 * Makes lines of the log of what Next and the libraries write to the console when something fails: one a failure, parseable,
 * and without an error's own words. The digest is the reference that the person saw on the page.
 * @returns what gives the console back
 */
export function takeOverConsole(): () => void {
  const { error, warn } = console
  console.error = (...said: unknown[]) => tell('error', said)
  console.warn = (...said: unknown[]) => tell('warn', said)
  return () => {
    console.error = error
    console.warn = warn
  }
}
