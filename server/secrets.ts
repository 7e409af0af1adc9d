import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Problem } from './problem.mjs'

const stored = z.object({
  TWIG_SESSION_SECRET: z.string(),
  TWIG_KEY_PEPPER: z.string(),
  TWIG_GATEWAY_SECRET: z.string(),
  TWIG_ENCRYPTION_KEYS: z.string(),
  postgresPassword: z.string(),
})

/** What a data folder keeps for itself: Twig's secrets by variable, and the password of its Postgres. */
export type StoredSecrets = z.infer<typeof stored>

function generate(): StoredSecrets {
  const secret = () => randomBytes(32).toString('base64url')
  return {
    TWIG_SESSION_SECRET: secret(),
    TWIG_KEY_PEPPER: secret(),
    TWIG_GATEWAY_SECRET: secret(),
    TWIG_ENCRYPTION_KEYS: `key1:${randomBytes(32).toString('base64')}`,
    postgresPassword: secret(),
  }
}

/** Creates a folder that only its owner can enter; one that exists keeps its mode. */
export function makePrivateFolder(path: string): void {
  if (existsSync(path)) return
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o700)
}

// Written aside and linked into place: the file appears whole or not at all, and of two starts one wins and both read it.
function writeOnce(path: string, text: string): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = openSync(draft, 'wx', 0o600)
    writeSync(file, text)
    fsyncSync(file)
    closeSync(file)
    linkSync(draft, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function closeToOthers(path: string): void {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return
  try {
    chmodSync(path, 0o600)
  } catch (error) {
    throw new Problem(
      `${path} can be read by others and its mode cannot be changed; run: chmod 600 "${path}"`,
      {
        cause: error,
      },
    )
  }
}

/**
 * The secrets kept in a data folder, made on the first call. The file has mode 600; one that others could read is
 * closed to them.
 * @throws Problem when it cannot be closed, cannot be read, or is missing beside a database that was made with it
 */
export function ensureSecrets(dataDir: string): StoredSecrets {
  makePrivateFolder(dataDir)
  const path = join(dataDir, 'secrets.json')
  if (!existsSync(path)) {
    if (existsSync(join(dataDir, 'postgres')) || existsSync(join(dataDir, 'postgres.location'))) {
      throw new Problem(
        `${path} is missing, and the database beside it opens only with it. Put it back from a backup, or move ` +
          `${dataDir} away to begin anew.`,
      )
    }
    writeOnce(path, `${JSON.stringify(generate(), null, 2)}\n`)
  }
  closeToOthers(path)
  try {
    return stored.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw new Problem(`${path} is damaged; put it back from a backup.`, { cause: error })
  }
}

/** Sets the variables of the secrets that the environment does not set itself. */
export function fillSecrets(env: NodeJS.ProcessEnv, secrets: StoredSecrets): void {
  const { postgresPassword: _, ...variables } = secrets
  for (const [name, value] of Object.entries(variables)) {
    if (!env[name]?.trim()) env[name] = value
  }
}
