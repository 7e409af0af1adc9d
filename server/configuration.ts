import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type StartEnv, validateEnv } from '../lib/env/node'
import { Problem } from './problem.mjs'
import { ensureSecrets, fillSecrets } from './secrets'

/** The folder of this copy of Twig. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Reads `.env` (the real environment wins), checks everything at once, and puts what follows from it into the
 * environment: absolute paths, secrets of the data folder, what the libraries look for.
 * @throws Problem with a line for every problem
 */
export function configure(): StartEnv {
  const file = join(root, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
  const checked = validateEnv(process.env)
  if (!checked.ok) {
    const lines = checked.problems.map((problem) => `  - ${problem}`)
    throw new Problem(`Twig cannot start with this configuration:\n${lines.join('\n')}`)
  }
  const env = checked.value
  if (env.databaseUrl === undefined) fillSecrets(process.env, ensureSecrets(env.dataDir))
  Object.assign(process.env, {
    PORT: String(env.port),
    APP_URL: env.appUrl,
    TWIG_DATA_DIR: env.dataDir,
    TRUSTED_PROXY_HOPS: String(env.trustedProxyHops),
    NEXTAUTH_URL: env.appUrl,
    NEXTAUTH_SECRET: process.env.TWIG_SESSION_SECRET,
    NEXT_TELEMETRY_DISABLED: '1',
    UPSTASH_DISABLE_TELEMETRY: '1',
  })
  return env
}
