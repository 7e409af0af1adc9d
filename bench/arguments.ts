import { parseArgs } from 'node:util'
import { Problem } from '../server/problem.mjs'
import { parseTarget, type Target } from './target'

/** What can be measured by itself. */
export const figureNames = [
  'throughput',
  'counts',
  'first-use',
  'forgery',
  'revocation',
  'burst',
  'growth',
] as const
type FigureName = (typeof figureNames)[number]

export interface Arguments {
  /** All of them when none is named. */
  figures: readonly FigureName[]
  /** A Twig that runs already and a key of it; measured instead of own ones. */
  running: { url: string; key: string } | undefined
  targets: readonly Target[]
  rounds: number | undefined
}

const USAGE = `Usage: npm run bench -- [${figureNames.join('|')} …] [--rounds N] [--url URL --key KEY] [NAME=URL=HEADER …]`

function isFigure(word: string): word is FigureName {
  return figureNames.some((name) => name === word)
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { url: { type: 'string' }, key: { type: 'string' }, rounds: { type: 'string' } },
    })
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  }
}

/** Reads the command line. Throws Problem with the usage when it is wrong. */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parse(argv)
  const { url, key, rounds } = values
  if ((url === undefined) !== (key === undefined)) throw new Problem(`--url and --key go together.\n${USAGE}`)
  if (url !== undefined && !/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new Problem(`--url is the address of a Twig, such as http://localhost:3000.\n${USAGE}`)
  }
  if (rounds !== undefined && !/^[1-9]\d?$/.test(rounds)) {
    throw new Problem(`--rounds is a whole number from 1 to 99.\n${USAGE}`)
  }
  const wrong = positionals.find((word) => !word.includes('=') && !isFigure(word))
  if (wrong) throw new Problem(`There is no figure "${wrong}".\n${USAGE}`)
  const named = positionals.filter(isFigure)
  if (url !== undefined && named.some((name) => name !== 'throughput')) {
    throw new Problem(`Only throughput can be measured on a Twig that runs already.\n${USAGE}`)
  }
  return {
    figures: url !== undefined ? ['throughput'] : named.length > 0 ? named : figureNames,
    running: url === undefined || key === undefined ? undefined : { url: new URL(url).origin, key },
    targets: positionals.filter((word) => word.includes('=')).map(parseTarget),
    rounds: rounds === undefined ? undefined : Number(rounds),
  }
}
