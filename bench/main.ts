import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuild } from '../server/build'
import { root } from '../server/configuration'
import { Problem } from '../server/problem.mjs'
import { type Arguments, figureNames, parseArguments } from './arguments'
import { buildBareApp, startBareApp } from './bare-app'
import { type Closing, closing, together } from './closing'
import { bareContestants, furtherContestants, ownContestants, runningContestants } from './contestants'
import { measureBurst } from './figures/burst'
import { measureCounts } from './figures/counts'
import type { Figure } from './figures/figure'
import { measureFirstUse } from './figures/first-use'
import { measureForgery } from './figures/forgery'
import { measureGenerator } from './figures/generator'
import { measureGrowth } from './figures/growth'
import { measureRevocation } from './figures/revocation'
import { type Contestant, measureThroughput, roundMs } from './figures/throughput'
import { startFleet } from './fleet'
import { type LoadGenerator, startLoadGenerator } from './load/load-generator'
import { describeMachine } from './machine'
import { startOwnTwigs } from './own-twigs'
import { bearer, whoamiUrl } from './requests'
import { type NamedFigure, resultTable, writeResults } from './results'
import { prepareOrganizations } from './twig-command'

const BUDGET_MS = 278_000
/** What the warm-up and everything after the throughput take. */
const REST_MS = 178_000
/** From the end of one measurement to the beginning of the next. */
const BETWEEN_MS = 40
const LEVELS = [1, 16, 64]
const ROUNDS = { least: 3, most: 14 }
const NO_LIMIT = 1_000_000
const BURST_LIMIT = 100

interface Run {
  wanted: Arguments
  workspace: string
  generator: LoadGenerator
  beganMs: number
}

/** Progress, with the seconds that have passed; the table alone goes to stdout. */
function say(line: string): void {
  process.stderr.write(`${String(Math.round(process.uptime())).padStart(3)} s  ${line}\n`)
}

/** What a Twig answers to the request that is measured. */
async function whoamiBody(url: string, key: string): Promise<string> {
  const response = await fetch(whoamiUrl(url), { headers: bearer(key) })
  const body = await response.text()
  if (response.status !== 200) throw new Problem(`${url} answered ${response.status} to its key: ${body}`)
  return body
}

/** As many rounds as fit before the rest, and without the most connections when even few of them do not. */
function plan(
  contestants: readonly Contestant[],
  { wanted, beganMs }: Run,
): { levels: number[]; rounds: number } {
  const leftMs = BUDGET_MS - REST_MS - (performance.now() - beganMs)
  const levelMs = contestants.reduce((sum, contestant) => sum + roundMs(contestant) + BETWEEN_MS, 0)
  const roundsFor = (levels: number) => Math.floor(leftMs / (levels * levelMs))
  const levels =
    wanted.rounds === undefined && roundsFor(LEVELS.length) < ROUNDS.least ? LEVELS.slice(0, 2) : LEVELS
  const rounds = Math.min(ROUNDS.most, Math.max(ROUNDS.least, roundsFor(levels.length)))
  return { levels, rounds: wanted.rounds ?? rounds }
}

async function throughput(run: Run, ending: Closing): Promise<NamedFigure[]> {
  const { wanted, workspace, generator } = run
  say('Building the bare routes and starting the servers …')
  const [bareFolder, noOpFolder, own] = await together([
    buildBareApp('bare', workspace),
    buildBareApp('no-op-middleware', workspace),
    wanted.running ? Promise.resolve(undefined) : startOwnTwigs(workspace, ending),
  ])
  const { url = '', key = '' } = wanted.running ?? { url: own?.twigs[0]?.url, key: own?.key }
  const body = await whoamiBody(url, key)
  const bare = await startBareApp(bareFolder, body)
  ending.add(bare.close)
  const noOp = await startBareApp(noOpFolder, body)
  ending.add(noOp.close)
  const alone = await measureGenerator(generator, body, say)
  const contestants = [
    ...bareContestants(bare.url, noOp.url),
    ...(own ? ownContestants(own.twigs, key) : runningContestants({ url, key })),
    ...furtherContestants(wanted.targets),
  ]
  const planned = plan(contestants, run)
  const figure = await measureThroughput({ generator, contestants, ...planned, say })
  return [
    ['generator', alone],
    ['throughput', figure],
  ]
}

/** A measurement that broke off is told as such, and spoils the run, but not the measurements after it. */
function failedFigure(what: string): (error: unknown) => Figure {
  return (error) => {
    const reason = error instanceof Problem ? error.sentence : String(error)
    return { rows: [{ figure: what, redis: '', value: 'FAILED', against: reason }], raw: { failure: reason } }
  }
}

async function counted(run: Run, ending: Closing): Promise<NamedFigure[]> {
  const { wanted, workspace, generator } = run
  say('Starting three processes on one Postgres and one Redis …')
  const { data, ...fleet } = await startFleet(workspace, ending, async (settings) => {
    const limits = { read: NO_LIMIT, admin: NO_LIMIT }
    const burst = { name: 'Burst', limits: { ...limits, read: BURST_LIMIT }, scopes: 'admin' }
    const free = { name: 'Bench', limits, scopes: 'admin' }
    return prepareOrganizations(settings, free, burst)
  })
  const [{ key }, limited] = data
  const figures: NamedFigure[] = []
  const measure = async (name: string, what: string, work: () => Promise<Figure>) => {
    if (!wanted.figures.some((figure) => figure === name)) return
    say(`${what} …`)
    figures.push([name, await work().catch(failedFigure(what))])
  }
  await measure('counts', 'Counting', () => measureCounts({ ...fleet, key, generator, say }))
  await measure('first-use', 'First uses of a key', () => measureFirstUse(fleet, generator, key))
  await measure('forgery', 'Forged keys beside a good one', () => measureForgery(fleet, generator, key))
  await measure('revocation', 'Deleting keys in use', () => measureRevocation(fleet, generator, key))
  await measure('burst', 'Bursts', () => measureBurst(fleet, generator, BURST_LIMIT, limited.key))
  await measure('growth', 'A hundred keys, and a hundred thousand', () =>
    measureGrowth(fleet, generator, key),
  )
  return figures
}

/** Does one part with servers of its own, which end before the next part begins. */
async function part(
  work: (ending: Closing) => Promise<NamedFigure[]>,
  all: Set<Closing>,
): Promise<NamedFigure[]> {
  const ending = closing()
  all.add(ending)
  try {
    return await work(ending)
  } finally {
    await ending.close()
    all.delete(ending)
  }
}

/**
 * `npm run bench`: measures Twig against the same route without it, prints one Markdown table, and writes it with the
 * raw output to bench/ when everything was measured.
 * @returns the exit code
 */
export async function main(argv: string[]): Promise<number> {
  if (argv[0] === 'under-load') return (await import('./under-load/command')).main(argv.slice(1))
  if (argv[0] === 'scale') return (await import('./scale/command')).main(argv.slice(1))
  const wanted = parseArguments(argv)
  const machine = await describeMachine()
  const workspace = mkdtempSync(join(tmpdir(), 'twig-bench-'))
  // As root, Postgres runs as a user of its own and must pass through here to reach its data.
  chmodSync(workspace, 0o711)
  const endings = new Set<Closing>()
  const finish = async () => {
    for (const ending of endings) await ending.close()
    rmSync(workspace, { recursive: true, force: true })
  }
  const stopped = new AbortController()
  const onSignal = () => {
    stopped.abort()
    void finish().finally(() => process.exit(130))
  }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal)
  try {
    if (!wanted.running) await ensureBuild(root, { say, signal: stopped.signal })
    const generator = await startLoadGenerator()
    const ending = closing()
    ending.add(generator.close)
    endings.add(ending)
    // A build is made once; the time that this may take begins after it.
    const run = { wanted, workspace, generator, beganMs: performance.now() }
    const figures: NamedFigure[] = []
    const wants = (name: string) => wanted.figures.some((figure) => figure === name)
    if (wants('throughput')) figures.push(...(await part((own) => throughput(run, own), endings)))
    if (wanted.figures.some((name) => name !== 'throughput')) {
      figures.push(...(await part((own) => counted(run, own), endings)))
    }
    process.stdout.write(`\n${resultTable(figures)}\n\n`)
    const hasFailed = figures.some(([, { rows }]) => rows.some(({ value }) => value === 'FAILED'))
    const isWhole = wanted.figures.length === figureNames.length && !hasFailed
    say(`Written to ${writeResults(isWhole ? 'whole' : 'part', figures, machine, new Date())}.`)
    return hasFailed ? 1 : 0
  } finally {
    await finish()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}
