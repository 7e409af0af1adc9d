import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Answer } from './output'

/** The command line is not one that Twig understands. The message says what is wrong with it, without quoting values. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** One `--flag value`. */
export interface Flag<T, Required extends boolean = boolean> {
  /** What stands for the value in a usage line, e.g. `<name>` or `free|pro|enterprise`. */
  placeholder: string
  about: string
  required: Required
  /** Stands alone, without a value; then `read` is not asked. */
  isSwitch?: boolean
  /** Turns the text into the value. Throws UsageError. */
  read: (text: string) => T | Promise<T>
}

type Flags = Readonly<Record<string, Flag<unknown>>>

type Given<F extends Flags> = {
  [Name in keyof F]: F[Name] extends Flag<infer T, infer Required>
    ? Required extends true
      ? T
      : T | undefined
    : never
}

/** A value that stands for itself, such as the id in `key revoke <id>`. */
interface Argument {
  placeholder: string
  required: boolean
}

interface VerbSpec<F extends Flags> {
  summary: string
  flags: F
  argument?: Argument
  /** Throws UsageError when the values do not go together. Called before anything is started. */
  check?: (given: Given<F>, argument: string) => void
  /** Whether it can do without Postgres and Redis this time. */
  needsNothing?: (given: Given<F>) => boolean
  /** Acts. `argument` is the empty string when none was given. */
  run: (given: Given<F>, argument: string) => Promise<Answer>
}

/** A verb whose command line has been read. */
export interface Prepared {
  kind: 'run'
  json: boolean
  needsNothing: boolean
  run: () => Promise<Answer>
}

/** What a command line asks of a verb. */
type Invocation = { kind: 'help' } | Prepared

/** What `twig <noun> <verb>` does. */
export interface Verb {
  summary: string
  flags: Flags
  argument: Argument | undefined
  /** Reads what follows the verb. Throws UsageError. */
  prepare: (args: string[]) => Promise<Invocation>
}

/** The flags that every verb takes. */
const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

/** Describes a verb; its `run` is handed what its flags were read as. */
export function verb<F extends Flags>(spec: VerbSpec<F>): Verb {
  const { summary, flags, argument, check, needsNothing, run } = spec
  return {
    summary,
    flags,
    argument,
    prepare: async (args) => {
      const { values, positionals } = readWords(args, flags, argument)
      if (values.help === true) return { kind: 'help' }
      requireAll(values, positionals, flags, argument)
      const read: Record<string, unknown> = {}
      for (const [name, flag] of Object.entries(flags)) {
        const text = values[name]
        if (typeof text === 'string') read[name] = await flag.read(text)
        if (text === true) read[name] = true
      }
      const given = read as Given<F>
      const [first = ''] = positionals
      check?.(given, first)
      return {
        kind: 'run',
        json: values.json === true,
        needsNothing: needsNothing?.(given) ?? false,
        run: () => run(given, first),
      }
    },
  }
}

interface Words {
  values: Record<string, unknown>
  positionals: string[]
}

function readWords(args: string[], flags: Flags, argument: Argument | undefined): Words {
  const options: NonNullable<ParseArgsConfig['options']> = { ...COMMON }
  for (const [name, { isSwitch }] of Object.entries(flags)) {
    options[name] = { type: isSwitch ? 'boolean' : 'string' }
  }
  try {
    const parsed = parseArgs({ args, options, strict: true, allowPositionals: true, tokens: true })
    const { values, positionals, tokens } = parsed
    const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice) throw new UsageError(`--${twice} was given twice.`)
    if (positionals.length > (argument ? 1 : 0)) {
      throw new UsageError('There is a word too many; a value with spaces belongs in quotes.')
    }
    return { values, positionals }
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(parserSentence(error))
  }
}

/** The parser's first sentence; what follows it are hints over several lines. */
function parserSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : 'The command line could not be read.'
  const [sentence = text] = text.split(/\. |\n/)
  return sentence.endsWith('.') ? sentence : `${sentence}.`
}

function requireAll(
  values: Words['values'],
  positionals: string[],
  flags: Flags,
  argument: Argument | undefined,
): void {
  const missing = Object.entries(flags).flatMap(([name, flag]) =>
    flag.required && typeof values[name] !== 'string' ? [`--${name}`] : [],
  )
  if (argument?.required && positionals.length === 0) missing.unshift(argument.placeholder)
  if (missing.length > 0) throw new UsageError(`Missing: ${missing.join(', ')}.`)
}
