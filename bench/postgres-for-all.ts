import { join } from 'node:path'
import { startPostgres } from '../server/postgres'
import { ensureSecrets, fillSecrets } from '../server/secrets'
import type { Closing } from './closing'

/** A Postgres for several Twigs, and the secrets that they share. */
export interface SharedPostgres {
  /** DATABASE_URL and all secrets. */
  settings: Record<string, string>
  dataDir: string
  port: number
}

/** Starts it in a folder of the workspace. */
export async function startSharedPostgres(workspace: string, closing: Closing): Promise<SharedPostgres> {
  const dataDir = join(workspace, 'shared')
  const secrets: NodeJS.ProcessEnv = { NODE_ENV: 'production' }
  const stored = ensureSecrets(dataDir)
  fillSecrets(secrets, stored)
  const postgres = await startPostgres({
    dataDir,
    password: stored.postgresPassword,
    say: () => {},
    onCrash: (sentence) => process.stderr.write(`${sentence}\n`),
  })
  closing.add(postgres.close)
  const settings: Record<string, string> = { DATABASE_URL: postgres.url }
  for (const [name, value] of Object.entries(secrets)) if (value) settings[name] = value
  return { settings, dataDir, port: postgres.port }
}
