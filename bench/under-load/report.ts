import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure, Row } from '../figures/figure'
import type { Machine } from '../machine'
import { resultTable } from '../results'

/** What is measured under load, and in which order it is told. */
export const loadFigures = {
  'sign-ins': 'Ten thousand people sign in at once',
  streams: 'Two thousand open streams',
  hostile: 'Slow clients and large bodies',
  soak: 'An hour of traffic',
} as const
export type LoadFigure = keyof typeof loadFigures

/** A figure as it lies in `raw/`: each can be measured by itself. */
interface Kept {
  measured: string
  machine: Machine
  rows: Row[]
  result: unknown
}

const fileOf = (folder: string, name: LoadFigure) => join(folder, 'raw', `load-${name}.json`)

function sectionOf(folder: string, name: LoadFigure): string[] {
  const file = fileOf(folder, name)
  if (!existsSync(file)) return []
  const { measured, machine, rows } = JSON.parse(readFileSync(file, 'utf8')) as Kept
  const facts = Object.entries(machine).map(([fact, value]) => `${fact}: ${value}`)
  const when = `Measured ${measured.slice(0, 16).replace('T', ' ')} UTC. ${facts.join('; ')}.`
  return [`## ${loadFigures[name]}`, when, resultTable([[name, { rows, raw: undefined }]])]
}

/**
 * Writes a figure's raw output, and LOAD.md anew of all that lie there.
 * @param folder `bench`, or another for figures of other sizes
 */
export function writeLoadFigure(
  folder: string,
  name: LoadFigure,
  figure: Figure,
  machine: Machine,
  now: Date,
): void {
  mkdirSync(join(folder, 'raw'), { recursive: true })
  const kept: Kept = { measured: now.toISOString(), machine, rows: figure.rows, result: figure.raw }
  writeFileSync(fileOf(folder, name), `${JSON.stringify(kept, null, 1)}\n`)
  writeLoadText(folder)
}

/** Writes LOAD.md of the raw output in its folder. */
function writeLoadText(folder: string): void {
  const names = Object.keys(loadFigures) as LoadFigure[]
  const text = [
    '# Results of `npm run bench -- under-load`',
    ...names.flatMap((name) => sectionOf(folder, name)),
  ]
  writeFileSync(join(folder, 'LOAD.md'), `${text.join('\n\n')}\n\n${READING}\n`)
}

const READING = `How to read it: the server, the crowd and whoever measures share the machine. Latencies are those of a program that calls
\`GET /whoami\` with a cached key on four connections that it keeps, as client libraries do, pausing ten milliseconds. Where a new
connection for each request is told of, another does the same in that way: while a crowd connects it waits behind those who
came before it, in the queue of the system. The percentiles also hold the requests that a stall kept from being sent (one
for each pause that it lasted); "of those sent" leaves them out. What was measured besides lies in raw/load-*.json.`
