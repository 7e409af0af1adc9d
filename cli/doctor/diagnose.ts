import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type StartEnv, validateEnv } from '../../lib/env/node'
import { bareCause } from '../../lib/store/background'
import { type Backends, startBackends } from '../../server/backends'
import { configure, root } from '../../server/configuration'
import { Problem } from '../../server/problem.mjs'
import { checkPort, checkReach, judgeAppUrl, judgeClientAddress, judgeCookie } from './address'
import { type ClockReading, judgeClocks } from './clocks'
import {
  checkDataFolder,
  checkFileModes,
  checkNode,
  checkSecrets,
  configurationProblems,
} from './environment'
import { type Finding, ok, problem } from './finding'
import { checkMail } from './mail'
import { checkPostgres } from './postgres'
import { checkRedis, judgeArrangement } from './redis'
import { findRunning } from './running'
import { checkTls } from './tls'

/** Given in place of a database that is not to be opened: startBackends only hands it on. */
const NO_DATABASE = 'postgresql://127.0.0.1:1/none'

function open(env: StartEnv): Promise<Backends> {
  // A crash shows in the check that meets it.
  return startBackends({ env, role: 'command', say: () => {}, onCrash: () => {} })
}

/** Whether the embedded Postgres has been made. */
function hasDatabaseFolder(dataDir: string): boolean {
  return ['postgres', 'postgres.location'].some((name) => existsSync(join(dataDir, name)))
}

/** Postgres, Redis and their clocks. Makes no database where there is none yet. */
async function checkBackends(env: StartEnv, serverRuns: boolean): Promise<Finding[]> {
  const isEmbedded = env.databaseUrl === undefined
  const isMade = hasDatabaseFolder(env.dataDir)
  const findings: Finding[] = []
  const clocks: (ClockReading | undefined)[] = []
  let hasDatabase = true
  if (isEmbedded && !isMade) {
    findings.push(ok('postgres', 'Embedded; the first npm start makes the database.'))
    hasDatabase = false
  }
  let backends: Backends | undefined
  try {
    if (hasDatabase) backends = await open(env)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    findings.push(problem('postgres', error.sentence, 'See the reason given; the data stays where it is.'))
    hasDatabase = false
  }
  if (!backends && env.redis.kind !== 'embedded') backends = await open({ ...env, databaseUrl: NO_DATABASE })
  try {
    if (backends && hasDatabase) {
      const postgres = await checkPostgres(backends.databaseUrl, { isEmbedded, serverRuns })
      findings.push(...postgres.findings)
      clocks.push(postgres.clock)
    }
    if (backends) {
      const redis = await checkRedis(env, { url: backends.redisUrl, token: backends.redisToken })
      findings.push(...redis.findings, ...judgeArrangement(env))
      clocks.push(redis.clock)
    } else findings.push(ok('redis', 'Embedded; it starts with Twig.'))
  } finally {
    await backends?.close()
  }
  return [...findings, ...judgeClocks(clocks.filter((reading) => reading !== undefined))]
}

/** Secrets that cannot be read are a finding; with them Twig would not start. */
function fillIn(env: StartEnv): Finding[] {
  try {
    configure()
    return []
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return [problem('secrets', error.sentence, `Look at ${env.dataDir}.`)]
  }
}

/** A check that fails itself is told as one, and the others go on. */
async function attempt(check: string, work: () => Promise<Finding[]> | Finding[]): Promise<Finding[]> {
  try {
    return await work()
  } catch (error) {
    const fix = 'This is a fault of Twig or of the machine; the other checks went on.'
    return [problem(check, `The check could not be made (${bareCause(error)}).`, fix)]
  }
}

/** Checks everything that an operator can get wrong (spec I2). Changes nothing but the mode of an open secrets file. */
export async function diagnose(now: Date): Promise<Finding[]> {
  const node = checkNode(process.version)
  const envFile = join(root, '.env')
  if (existsSync(envFile)) process.loadEnvFile(envFile)
  const checked = validateEnv(process.env)
  if (!checked.ok) return [node, ...configurationProblems(checked.problems)]
  const env = checked.value
  const secretsFile = join(env.dataDir, 'secrets.json')
  const folder = checkDataFolder(env.dataDir)
  const findings = [
    node,
    ok('configuration', 'Every variable that is set has a value that Twig can use.'),
    folder,
  ]
  if (folder.status === 'problem') return findings
  findings.push(...checkFileModes(envFile, secretsFile), ...checkSecrets(process.env, secretsFile))
  // Nothing is made on behalf of a first start.
  const isFirst = env.databaseUrl === undefined && !existsSync(secretsFile) && !hasDatabaseFolder(env.dataDir)
  const unreadable = isFirst ? [] : await attempt('secrets', () => fillIn(env))
  if (unreadable.length > 0) return [...findings, ...unreadable]
  const running = await findRunning(env)
  const checks: [string, () => Promise<Finding[]> | Finding[]][] = [
    ['backends', () => checkBackends(env, running.twig !== undefined)],
    ['app_url', () => [judgeAppUrl(env)]],
    ['reachable', () => checkReach(env, running)],
    ['tls', () => checkTls(env, now)],
    ['client_address', () => [judgeClientAddress(env, running)]],
    ['cookie', () => [judgeCookie(env)]],
    ['port', async () => [await checkPort(running)]],
    ['mail', () => checkMail(env)],
  ]
  for (const [check, work] of checks) findings.push(...(await attempt(check, work)))
  return findings
}
