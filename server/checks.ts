import { join } from 'node:path'
import { root } from './configuration'
import { runCommand } from './run-command'

/** A program of node_modules, run with this very Node.js: [its file, its arguments], one after the other. */
interface Check {
  name: string
  commands: [file: string, args: string[]][]
}

const CHECKS: Check[] = [
  { name: 'lint', commands: [['@biomejs/biome/bin/biome', ['check']]] },
  {
    name: 'types',
    commands: [
      // Writes the types of the routes, which tsc reads.
      ['next/dist/bin/next', ['typegen']],
      ['typescript/bin/tsc', ['--noEmit', '-p', '.']],
    ],
  },
  { name: 'dead code', commands: [['knip/bin/knip.js', []]] },
]

/**
 * Lint, types and dead code, one after the other; what a failing one says is shown.
 * @returns how many passed and failed
 */
export async function runChecks(say: (line: string) => void): Promise<{ passed: number; failed: number }> {
  const counts = { passed: 0, failed: 0 }
  for (const { name, commands } of CHECKS) {
    const began = Date.now()
    let failure: string | undefined
    for (const [file, args] of commands) {
      const env = { ...process.env, NODE_ENV: 'development' as const, NEXT_TELEMETRY_DISABLED: '1' }
      const script = join(root, 'node_modules', file)
      const { ok, output } = await runCommand(process.execPath, [script, ...args], {
        cwd: root,
        env,
        output: 'kept',
      })
      if (ok) continue
      failure = output
      break
    }
    const seconds = ((Date.now() - began) / 1000).toFixed(1)
    if (failure !== undefined) say(failure.trim())
    say(`${failure === undefined ? '✓' : '✗'} ${name} (${seconds} s)`)
    counts[failure === undefined ? 'passed' : 'failed'] += 1
  }
  return counts
}
