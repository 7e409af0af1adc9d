import { patiently } from '../lib/store/db'
import { withBackends } from './backends'
import { explain, trace } from './failure'
import { firstWords, generalHelp, nounHelp, usageLine, verbHelp } from './help'
import { nouns, standalone } from './nouns'
import { print, printAnswer } from './output'
import { type Prepared, UsageError, type Verb } from './verb'

const DONE = 0
const FAILED = 1
const WRONG_USAGE = 2

/** What the words before the flags name. */
type Target =
  | { kind: 'help'; text: string }
  | { kind: 'verb'; path: string; verb: Verb; rest: string[]; isStandalone: boolean }

function isHelp(word: string | undefined): boolean {
  return word === 'help' || word === '--help' || word === '-h'
}

function entry<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** Finds what the words name. Throws UsageError. */
async function resolve(argv: readonly string[]): Promise<Target> {
  const [first, second, ...rest] = argv
  if (isHelp(first)) {
    if (second === undefined) return { kind: 'help', text: await generalHelp() }
    return resolve([second, ...rest, '--help'])
  }
  if (first === undefined) throw new UsageError(`Say what to do: ${firstWords()}.`)
  const alone = await entry(standalone, first)?.()
  if (alone) return { kind: 'verb', path: first, verb: alone, rest: argv.slice(1), isStandalone: true }
  const verbs = await entry(nouns, first)?.()
  if (!verbs) throw new UsageError(`There is no ${JSON.stringify(first)}; there is ${firstWords()}.`)
  if (isHelp(second)) return { kind: 'help', text: nounHelp(first, verbs) }
  const names = Object.keys(verbs).join(', ')
  if (second === undefined) throw new UsageError(`Say what to do with ${first}: ${names}.`)
  const verb = entry(verbs, second)
  if (!verb)
    throw new UsageError(`There is no ${JSON.stringify(`${first} ${second}`)}; ${first} has ${names}.`)
  return { kind: 'verb', path: `${first} ${second}`, verb, rest, isStandalone: false }
}

/** The usage that fits a command line that could not be understood. */
async function usageFor([first = '', second = '']: readonly string[]): Promise<string> {
  const alone = await entry(standalone, first)?.()
  if (alone) return `Usage: ${usageLine(first, alone)}`
  const verbs = await entry(nouns, first)?.()
  const verb = verbs && entry(verbs, second)
  if (verb) return `Usage: ${usageLine(`${first} ${second}`, verb)}`
  if (verbs) return nounHelp(first, verbs)
  return 'Usage: npm run -s twig -- <noun> <verb> [--flags] [--json]\nMore:  npm run -s twig -- help'
}

async function act({ json, needsNothing, run }: Prepared, isStandalone: boolean): Promise<number> {
  // Looked at now: the work itself runs with the log switched off.
  const isDebug = /^(?:debug|trace)$/.test(process.env.LOG_LEVEL ?? '')
  try {
    // What is long is read while it is printed.
    const work = async () => printAnswer(await run(), json)
    return await (isStandalone || needsNothing ? work() : withBackends(() => patiently(work)))
  } catch (error) {
    const failure = explain(error)
    await print(process.stderr, json ? JSON.stringify(failure) : failure.message)
    if (isDebug) await print(process.stderr, trace(error))
    return FAILED
  }
}

async function obey(argv: string[]): Promise<number> {
  const target = await resolve(argv)
  if (target.kind === 'help') {
    await print(process.stdout, target.text)
    return DONE
  }
  const invocation = await target.verb.prepare(target.rest)
  if (invocation.kind === 'run') return act(invocation, target.isStandalone)
  await print(process.stdout, verbHelp(target.path, target.verb))
  return DONE
}

/**
 * The operator's command line (contract.md 6).
 * @param argv the words after `twig`
 * @returns the exit code: 0, 1 when the work failed, 2 for wrong usage
 */
export async function main(argv: string[]): Promise<number> {
  try {
    return await obey(argv)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    await print(process.stderr, `${error.message}\n${await usageFor(argv)}`)
    return WRONG_USAGE
  }
}
