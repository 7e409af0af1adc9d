import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../server/configuration'
import { cells, type Figure, HEADINGS, NUMERIC } from './figures/figure'
import type { Machine } from './machine'
import { markdownTable } from './table'

/** A figure by the name of its file of raw output. */
export type NamedFigure = readonly [name: string, figure: Figure]

/** Where results go: those of a part of the figures beside what else is not kept in the repository. */
const RESULTS = { whole: 'bench', part: '.cache/bench' } as const

/** All figures as one Markdown table. */
export function resultTable(figures: readonly NamedFigure[]): string {
  const rows = figures.flatMap(([, { rows }]) => rows.map(cells))
  return markdownTable(HEADINGS, rows, NUMERIC)
}

/** Shares of samples of `Profiler` at 16 connections; they change with the code, not with the run. */
const WHERE_THE_TIME_GOES = `Where the rest of the time goes, by one profile of the server's process each, on a machine that did
other work besides, under 16 connections (shares of its busy time; "Node" is its HTTP and sockets, promises, and the Request,
Headers and streams that Next makes of it): with the gate in the server and a real Redis, Node 43 %, Next and the route 29 %,
garbage 17 %, the gate itself 6 %, usage into Postgres 3 %, Redis 1 %; with the stand-in in the same process, Node 40 %, Next and
the route 25 %, garbage 14 %, the stand-in 10 %, the gate 8 %, usage 2 %; with the gate in the middleware, Node 42 %, Next and the
route 19 %, the middleware's bundle (the gate, Next's adapter, the client of Redis) 12 %, garbage 11 %, the edge sandbox's fetch
and Headers 9 %, Redis and its REST endpoint 3 %, usage 2 %. Requests of the API that come in one turn of the event loop go through
Next side by side (DECISIONS 206), which is why many connections are faster than a bare route, which Node serves one by one. At one
connection there is nothing to share, and the way to Redis and back is waited for. Some five
of a hundred requests wait 7 to 9 ms for a collection of the young generation: what a request leaves in Next (its Request, and
the AbortSignal that undici holds by a finalizer) survives the first of them, so that a larger young generation is no help.`

function resultText(figures: readonly NamedFigure[], machine: Machine, time: Date): string {
  const facts = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`)
  const files = figures.map(([name]) => `[raw/${name}.json](raw/${name}.json)`)
  return `# Results of \`npm run bench\`

Measured ${time.toISOString().slice(0, 16).replace('T', ' ')} UTC on

${facts.join('\n')}

${resultTable(figures)}

How to read it: requests a second and percentiles are medians over rounds in which all targets took turns; a ratio is the
median of the ratios of the same round. Everything ran on the one machine, servers and load alike, so only ratios carry
over to others. Counts are exact: Twig's connections to Postgres and Redis went through counters, and every call of bcrypt
was counted in its process. "Stand-in" is the Redis that comes with Twig, "real" an ordinary redis-server.

${WHERE_THE_TIME_GOES}

All that was measured: ${files.join(', ')}.
`
}

/** Thousandths are more than anything here is exact to. */
function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}

/**
 * Writes RESULTS.md and the raw output of each figure.
 * @returns the file, from the root
 */
export function writeResults(
  kind: keyof typeof RESULTS,
  figures: readonly NamedFigure[],
  machine: Machine,
  time: Date,
): string {
  const folder = join(root, RESULTS[kind])
  mkdirSync(join(folder, 'raw'), { recursive: true })
  for (const [name, { raw }] of figures) {
    const text = JSON.stringify({ measured: time.toISOString(), machine, result: raw }, rounded, 2)
    writeFileSync(join(folder, 'raw', `${name}.json`), `${text}\n`)
  }
  writeFileSync(join(folder, 'RESULTS.md'), resultText(figures, machine, time))
  return `${RESULTS[kind]}/RESULTS.md`
}
