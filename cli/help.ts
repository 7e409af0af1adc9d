import { nouns, standalone, type Verbs } from './nouns'
import type { Verb } from './verb'

const CALL = 'npm run -s twig --'

/** Two columns. */
function list(rows: ReadonlyArray<readonly [string, string]>): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}

function verbRows(noun: string, verbs: Verbs): [string, string][] {
  return Object.entries(verbs).map(([name, verb]) => [`${noun} ${name}`, verb.summary])
}

/** The one line that says how a verb is called. `path` is `key create`. */
export function usageLine(path: string, { flags, argument }: Verb): string {
  const words = Object.entries(flags).map(([name, { placeholder, required }]) => {
    const word = `--${name} ${placeholder}`.trimEnd()
    return required ? word : `[${word}]`
  })
  if (argument) words.unshift(argument.required ? argument.placeholder : `[${argument.placeholder}]`)
  return ['twig', path, ...words, '[--json]'].join(' ')
}

/** How one verb is called and what its flags mean. */
export function verbHelp(path: string, verb: Verb): string {
  const flags = Object.entries(verb.flags).map(([name, { placeholder, about }]): [string, string] => {
    return [`--${name} ${placeholder}`.trimEnd(), about]
  })
  flags.push(['--json', 'Prints one JSON document.'])
  return `${verb.summary}\n\nUsage: ${usageLine(path, verb)}\n\n${list(flags)}`
}

/** How a noun's verbs are called. */
export function nounHelp(noun: string, verbs: Verbs): string {
  const usages = Object.entries(verbs).map(([name, verb]) => {
    return `  ${usageLine(`${noun} ${name}`, verb)}\n      ${verb.summary}`
  })
  return `Usage:\n${usages.join('\n')}`
}

/** Everything there is, in a line each. */
export async function generalHelp(): Promise<string> {
  const rows: [string, string][] = []
  for (const [noun, load] of Object.entries(nouns)) rows.push(...verbRows(noun, await load()))
  for (const [name, load] of Object.entries(standalone)) rows.push([name, (await load()).summary])
  return [
    "The operator's command line of Twig; it works whether or not Twig runs.",
    `Usage: ${CALL} <noun> <verb> [--flags] [--json]`,
    list(rows),
    `More: ${CALL} <noun> --help`,
  ].join('\n\n')
}

/** `org, user, key …`: what may stand first. */
export function firstWords(): string {
  return [...Object.keys(nouns), ...Object.keys(standalone), 'help'].join(', ')
}
