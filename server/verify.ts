import { runChecks } from './checks'

/**
 * `npm run verify`: lint, types and dead code.
 * @returns the exit code
 */
export async function main(): Promise<number> {
  const { failed } = await runChecks((line) => void process.stdout.write(`${line}\n`))
  return failed === 0 ? 0 : 1
}
