import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validateEnv } from '../lib/env/node'
import { fillBackends, startBackends } from './backends'
import { migrate } from './migrate'
import { startPgBouncer } from './pgbouncer'
import { ensureSecrets, fillSecrets } from './secrets'

/** Variables of Twig that a developer may have set for other purposes and that no test may depend on. */
const FOREIGN =
  /^(?:TWIG_|UPSTASH_|DATABASE_|REDIS_URL$|SMTP_URL$|APP_URL$|PORT$|SIGNUP$|TRUSTED_PROXY_HOPS$)/

/**
 * Gives the integration tests a Postgres and a Redis of their own in a temporary data folder, migrated and empty, and
 * puts the whole configuration into the environment, which the test processes inherit.
 * @returns the function that ends and removes all of it
 */
export default async function setup(): Promise<() => Promise<void>> {
  for (const name of Object.keys(process.env)) if (FOREIGN.test(name)) delete process.env[name]
  const dataDir = mkdtempSync(join(tmpdir(), 'twig-test-'))
  process.env.TWIG_DATA_DIR = dataDir
  process.env.LOG_LEVEL ??= 'silent'
  const checked = validateEnv(process.env)
  if (!checked.ok) throw new Error(checked.problems.join('\n'))
  fillSecrets(process.env, ensureSecrets(dataDir))
  const backends = await startBackends({
    env: checked.value,
    role: 'server',
    say: () => {},
    onCrash: (sentence) => console.error(sentence),
  })
  fillBackends(process.env, backends)
  process.env.APP_URL = checked.value.appUrl
  await migrate(backends.databaseUrl)
  // TEST_PGBOUNCER=1 runs any of them through a pooler in transaction mode; server/pgbouncer.itest.ts always does.
  const pooler = process.env.TEST_PGBOUNCER
    ? await startPgBouncer({ databaseUrl: backends.databaseUrl, poolSize: 20 })
    : undefined
  if (pooler)
    Object.assign(process.env, { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: backends.databaseUrl })
  return async () => {
    await pooler?.close()
    await backends.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
