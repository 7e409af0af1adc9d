import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'

/** What a suite says of its run: how many passed, how many after a second try, and which failed, by name and cause. */
export interface SuiteReport {
  passed: number
  flaky: string[]
  failed: string[]
  skipped: number
}

const vitestTest = z.object({
  fullName: z.string(),
  status: z.string(),
  failureMessages: z.array(z.string()).nullish(),
})
type VitestTest = z.infer<typeof vitestTest>
const vitestReport = z.object({
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(vitestTest),
    }),
  ),
})

const playwrightSpec = z.object({
  title: z.string(),
  file: z.string(),
  tests: z.array(
    z.object({
      status: z.string(),
      results: z.array(z.object({ error: z.object({ message: z.string().optional() }).optional() })),
    }),
  ),
})
interface PlaywrightSuite {
  specs: z.infer<typeof playwrightSpec>[]
  suites?: PlaywrightSuite[] | undefined
}
const playwrightSuite: z.ZodType<PlaywrightSuite> = z.object({
  specs: z.array(playwrightSpec),
  suites: z.lazy(() => z.array(playwrightSuite)).optional(),
})
const playwrightReport = z.object({
  stats: z.object({ expected: z.number(), skipped: z.number() }),
  suites: z.array(playwrightSuite),
})

/** The first lines of a failure that say something, on one line. */
function cause(message: string | undefined): string {
  const lines = stripVTControlCharacters(message ?? '')
    .split('\n')
    .map((line) => line.trim())
  return lines.filter(Boolean).slice(0, 10).join(' · ').slice(0, 600)
}

/**
 * Why a suite failed that named no test: an error that no test waited for, or else the last that it said.
 * @param output all that it printed
 * @returns one line
 */
export function unnamedCause(output: string): string {
  const plain = stripVTControlCharacters(output)
  const at = plain.search(/^.*Unhandled (?:Errors|Error|Rejection)/m)
  return cause(at < 0 ? plain.slice(-600) : plain.slice(at).replaceAll(/[⎯─]+/g, ''))
}

function read<T>(file: string, schema: z.ZodType<T>): T | undefined {
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
}

/**
 * Reads Vitest's JSON report.
 * @param file where it was written
 * @param root the folder that files are named from
 * @returns undefined where there is none: the run ended before it wrote one
 */
export function readVitestReport(file: string, root: string): SuiteReport | undefined {
  const report = read(file, vitestReport)
  if (!report) return undefined
  const told = (path: string, { fullName, failureMessages }: VitestTest) =>
    `${path} › ${fullName}: ${cause(failureMessages?.at(-1))}`
  const failed: string[] = []
  const flaky: string[] = []
  for (const { name, status, message, assertionResults } of report.testResults) {
    const path = relative(root, name)
    const tests = assertionResults.filter((test) => test.status === 'failed')
    failed.push(...tests.map((test) => told(path, test)))
    if (tests.length === 0 && status === 'failed') failed.push(`${path}: ${cause(message)}`)
    // What passed has failures only of the tries before.
    const again = assertionResults.filter((test) => test.status === 'passed' && test.failureMessages?.length)
    flaky.push(...again.map((test) => told(path, test)))
  }
  return { passed: report.numPassedTests, flaky, failed, skipped: 0 }
}

function specsOf({ specs, suites = [] }: PlaywrightSuite): PlaywrightSuite['specs'] {
  return [...specs, ...suites.flatMap(specsOf)]
}

/**
 * Reads Playwright's JSON report.
 * @param file where it was written
 * @returns undefined where there is none: the run ended before it wrote one
 */
export function readPlaywrightReport(file: string): SuiteReport | undefined {
  const report = read(file, playwrightReport)
  if (!report) return undefined
  const specs = report.suites.flatMap(specsOf)
  const named = (status: string) =>
    specs.flatMap(({ title, file: path, tests }) =>
      tests
        .filter((test) => test.status === status)
        .map(
          ({ results }) =>
            `e2e/${path} › ${title}: ${cause(results.find(({ error }) => error)?.error?.message)}`,
        ),
    )
  const flaky = named('flaky')
  return {
    passed: report.stats.expected + flaky.length,
    flaky,
    failed: named('unexpected'),
    skipped: report.stats.skipped,
  }
}
