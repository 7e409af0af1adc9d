import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { findBrowser } from './browser'
import { ensureBuild } from './build'
import { runChecks } from './checks'
import { root } from './configuration'
import { installDebianPackage } from './debian'
import { lifecycleChecks } from './lifecycle'
import { nginxPath } from './nginx'
import { pgBouncerPath } from './pgbouncer'
import { Problem } from './problem.mjs'
import { type Outcome, runCommand } from './run-command'
import { neutralEnvironment, startServerUnderTest, stopCleanly } from './server-under-test'
import { readPlaywrightReport, readVitestReport, type SuiteReport, unnamedCause } from './test-reports'

const REPORTS = join(root, '.cache/test')

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** What passed, what failed and what was left out, over all steps. */
class Tally {
  passed = 0
  failed = 0
  readonly failures: string[] = []
  readonly leftOut = new Set<string>()
  readonly secondTries = new Set<string>()

  /** Adds the counts of a suite. One that failed without naming a test counts as one failure. */
  add(ok: boolean, passed: number, failed: number): void {
    this.passed += passed
    this.failed += failed === 0 && !ok ? 1 : failed
  }

  /** Adds what a suite reported; `name` and what it printed stand for one that named no test and yet failed. */
  report(name: string, { ok, output }: Outcome, report: SuiteReport | undefined): void {
    const failures = report?.failed ?? []
    this.add(ok, report?.passed ?? 0, failures.length)
    this.failures.push(...failures)
    if (!ok && failures.length === 0) this.failures.push(`${name}, no test named: ${unnamedCause(output)}`)
    for (const test of report?.flaky ?? []) this.secondTries.add(test)
    if (report?.skipped) this.leftOut.add(`${report.skipped} tests of ${name} that were skipped`)
  }

  /** Notes what a suite said that it left out, in lines of its own. */
  leaveOut(output: string): void {
    for (const [, what] of output.matchAll(/^left out: (.+)$/gm)) if (what) this.leftOut.add(what)
  }

  /** Runs a step that passes or fails as a whole. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work()
      say(`✓ ${name}`)
      this.passed += 1
      return result
    } catch (error) {
      say(error instanceof Problem ? error.sentence : String(error instanceof Error ? error.stack : error))
      say(`✗ ${name}`)
      this.failed += 1
      this.failures.push(name)
      return undefined
    }
  }
}

/** Colours, where the terminal would have had them without us in between. */
function colour(): NodeJS.ProcessEnv {
  return process.stdout.isTTY ? { NODE_ENV: 'test', FORCE_COLOR: '1' } : { NODE_ENV: 'test' }
}

async function ensureRealRedis(): Promise<void> {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const names = ['redis-server', 'valkey-server']
  if (folders.some((folder) => names.some((name) => existsSync(join(folder, name))))) return
  await installDebianPackage('redis-server')
}

async function ensureNginx(): Promise<void> {
  if (!nginxPath) await installDebianPackage('nginx')
}

async function ensurePgBouncer(): Promise<void> {
  if (!pgBouncerPath) await installDebianPackage('pgbouncer')
}

/** Halves of the unit and integration tests run beside each other, each with a Postgres and a Redis of its own. */
const SHARDS = 2

async function runHalf(index: number): Promise<{ outcome: Outcome; report: SuiteReport | undefined }> {
  const file = join(REPORTS, `vitest-${index + 1}.json`)
  rmSync(file, { force: true })
  const script = join(root, 'node_modules/vitest/vitest.mjs')
  const reports = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const args = [script, 'run', `--shard=${index + 1}/${SHARDS}`, ...reports]
  const env = { ...process.env, ...colour() }
  // The lines of one are shown as they come, those of the others whole.
  const isFirst = index === 0
  const output = isFirst ? 'shown' : 'kept'
  const outcome = await runCommand(process.execPath, args, { cwd: root, env, output })
  if (!isFirst) process.stdout.write(outcome.output)
  return { outcome, report: readVitestReport(file, root) }
}

async function unitAndIntegration(tally: Tally): Promise<void> {
  await ensureRealRedis()
  await ensureNginx()
  await ensurePgBouncer()
  await Promise.all(
    Array.from({ length: SHARDS }, async (_, index) => {
      const name = `unit and integration tests, half ${index + 1}`
      let { outcome, report } = await runHalf(index)
      // As of a single test there is a second try where a machine stalls, and it is named.
      if (process.env.CI && !outcome.ok && report?.failed.length === 0) {
        tally.secondTries.add(`${name}, no test named: ${unnamedCause(outcome.output)}`)
        ;({ outcome, report } = await runHalf(index))
      }
      tally.leaveOut(outcome.output)
      tally.report(name, outcome, report)
    }),
  )
}

/** Specs that start servers of their own under both gates, or walk the console, which the middleware guards in any case. */
const UNDER_ONE_GATE =
  /^(?:agents|arrangements|audit-log|authentication(?:-access)?|canary|connectors(?:-callback)?|data(?:-access)?|developers|diagnosis|external-keys|faults|interactions|organization|page-access|pages|several-machines|social|sso(?:-doors)?|watching|worker)\.spec\.ts$/

/** Loads three servers of its own and times them: nothing else runs meanwhile. */
const ALONE = 'processes.spec.ts'

interface Pass {
  gate: 'server' | 'middleware'
  specs: string[]
}

function passes(): Pass[] {
  const specs = readdirSync(join(root, 'e2e')).filter((name) => name.endsWith('.spec.ts') && name !== ALONE)
  return [
    { gate: 'server', specs },
    { gate: 'middleware', specs: specs.filter((name) => !UNDER_ONE_GATE.test(name)) },
  ]
}

async function runBrowserTests(
  tally: Tally,
  name: string,
  specs: string[],
  settings: Record<string, string>,
): Promise<void> {
  const file = join(REPORTS, `playwright-${name}.json`)
  rmSync(file, { force: true })
  const args = [join(root, 'node_modules/@playwright/test/cli.js'), 'test', ...specs]
  const env = {
    ...neutralEnvironment(),
    ...colour(),
    ...settings,
    E2E_REPORT: file,
  }
  const outcome = await runCommand(process.execPath, args, { cwd: root, env, output: 'shown' })
  tally.leaveOut(outcome.output)
  tally.report(`end-to-end tests, ${name}`, outcome, readPlaywrightReport(file))
}

async function endToEnd(tally: Tally, folder: string): Promise<void> {
  const found = await tally.step('a browser', async () => ({ path: await findBrowser(say) }))
  const browser: Record<string, string> = found?.path ? { TWIG_BROWSER: found.path } : {}
  if (found) await runBrowserTests(tally, 'alone', [ALONE], browser)
  for (const pass of passes()) {
    const home = join(folder, pass.gate)
    mkdirSync(home)
    const server = await tally.step(`npm start, TWIG_GATE=${pass.gate}`, () =>
      // Tests tell people apart by address, so the server takes the address that they claim.
      // Model servers of the tests run on this machine.
      startServerUnderTest(home, {
        TRUSTED_PROXY_HOPS: '1',
        LOG_LEVEL: 'info',
        TWIG_GATE: pass.gate,
        TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32',
      }),
    )
    if (!server) continue
    const { url, dataDir, logFile } = server
    const settings = { ...browser, E2E_BASE_URL: url, E2E_DATA_DIR: dataDir, E2E_LOG: logFile }
    if (found) await runBrowserTests(tally, pass.gate, pass.specs, settings)
    await tally.step('Ctrl-C ends everything cleanly', () => stopCleanly(server))
  }
  const used = join(folder, 'server')
  for (const { name, run } of lifecycleChecks) await tally.step(name, () => run(used))
}

/**
 * `npm test`: lint, types, dead code, unit, integration and end-to-end tests, each on servers and ports of its own. Ends
 * with the line `N passed, N failed`.
 * @returns the exit code
 */
export async function main(): Promise<number> {
  const tally = new Tally()
  const folder = mkdtempSync(join(tmpdir(), 'twig-e2e-'))
  // As root, Postgres runs as a user of its own and must pass through here to reach its data.
  chmodSync(folder, 0o711)
  mkdirSync(REPORTS, { recursive: true })
  try {
    const checks = await runChecks(say)
    tally.add(checks.failed === 0, checks.passed, checks.failed)
    await unitAndIntegration(tally)
    const never = new AbortController()
    const hasBuild = await tally.step('build', async () => {
      await ensureBuild(root, { say, signal: never.signal })
      return true
    })
    if (hasBuild) await endToEnd(tally, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  for (const what of tally.leftOut) say(`Left out: ${what}`)
  for (const what of tally.secondTries) say(`Passed at the second try: ${what}`)
  for (const what of tally.failures) say(`Failed: ${what}`)
  say(`${tally.passed} passed, ${tally.failed} failed`)
  return tally.failed === 0 ? 0 : 1
}
