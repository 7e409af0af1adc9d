import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { z } from 'zod'
import { root } from '../configuration'
import { runCommand } from '../run-command'
import type { Mutant } from './read'

/** What became of a mutant: noticed by a test, by none, or no mutant at all because the code has changed. */
export type Fate = 'killed' | 'survived' | 'not found' | 'no test ran'

/** Left behind: what is built, kept or linked. */
const LEFT_OUT = ['node_modules', '.git', '.next', '.data', '.cache', 'test-results', 'playwright-report']
const TIMEOUT_MS = 180_000

const Report = z.object({ numTotalTests: z.number(), numFailedTests: z.number() })

/** A copy of the repository in which code is spoilt and mended. The original is only read. */
export class Copy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'twig-mutant-'))

  constructor() {
    const isKept = (path: string) => {
      const [first = ''] = relative(root, path).split(sep)
      return !LEFT_OUT.includes(first) && !first.startsWith('.env')
    }
    cpSync(root, this.#folder, { recursive: true, filter: isKept })
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'), 'dir')
  }

  /** Runs the tests with the mutant in place, and mends the code again. */
  async try({ file, find, replace, tests }: Mutant): Promise<Fate> {
    const path = join(this.#folder, file)
    const text = readFileSync(path, 'utf8')
    if (text.split(find).length !== 2) return 'not found'
    writeFileSync(
      path,
      text.replace(find, () => replace),
    )
    try {
      const { total, failed } = await this.run(tests)
      if (failed > 0) return 'killed'
      return total > 0 ? 'survived' : 'no test ran'
    } finally {
      writeFileSync(path, text)
    }
  }

  /** Runs test files up to the first failure: how many tests they hold, and how many failed. */
  async run(tests: readonly string[]): Promise<{ total: number; failed: number; output: string }> {
    const file = join(this.#folder, 'vitest-report.json')
    rmSync(file, { force: true })
    const script = join(this.#folder, 'node_modules/vitest/vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const args = [script, 'run', '--bail=1', '--no-cache', ...reporters, ...tests]
    const env = { ...process.env, NODE_ENV: 'test' as const, NO_COLOR: '1' }
    const options = { cwd: this.#folder, env, output: 'kept' as const, timeoutMs: TIMEOUT_MS }
    const { output } = await runCommand(process.execPath, args, options)
    return { ...counts(file), output }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function counts(file: string): { total: number; failed: number } {
  try {
    const { numTotalTests, numFailedTests } = Report.parse(JSON.parse(readFileSync(file, 'utf8')))
    return { total: numTotalTests, failed: numFailedTests }
  } catch {
    return { total: 0, failed: 0 }
  }
}
