import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { type Finding, ok, problem, warning } from './finding'

/** Versions that Twig is tested on; server/bootstrap.mjs refuses others. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const isFit = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  return isFit
    ? ok('node', `Node.js ${version}.`)
    : problem('node', `Node.js ${version} is too old.`, 'Install Node.js 22 or 24 from https://nodejs.org.')
}

/** Which check a variable belongs to, by the beginning of its name. */
const SUBJECTS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^TWIG_(?:SESSION_SECRET|KEY_PEPPER|GATEWAY_SECRET|ENCRYPTION_KEYS)\b/, 'secrets'],
  [/^DATABASE_URL\b/, 'postgres'],
  [/^(?:REDIS_URL|UPSTASH_)/, 'redis'],
  [/^APP_URL\b/, 'app_url'],
  [/^TLS_/, 'tls'],
  [/^PORT\b/, 'port'],
  [/^(?:SMTP_URL|MAIL_FROM)\b/, 'mail'],
  [/^TRUSTED_PROXY_HOPS\b/, 'client_address'],
]

/** The problems that checking the environment found, each as a finding of its subject. */
export function configurationProblems(problems: readonly string[]): Finding[] {
  return problems.map((sentence) => {
    const subject = SUBJECTS.find(([pattern]) => pattern.test(sentence))?.[1] ?? 'configuration'
    const [detail = sentence, ...fix] = sentence.split('; ')
    const otherwise = 'Correct it in the environment or in .env; .env.example explains every variable.'
    return problem(subject, `${detail}.`, fix.length > 0 ? sentenceCase(fix.join('; ')) : otherwise)
  })
}

function sentenceCase(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

/** Whether others than the owner may read or write a file. */
function isOpen(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

function canUse(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** Whether Twig can use its data folder, and who else can enter it. */
export function checkDataFolder(dataDir: string): Finding {
  const check = 'data_folder'
  if (!existsSync(dataDir)) {
    return ok(check, `${dataDir} does not exist yet; it is made when it is needed.`)
  }
  if (!canUse(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)) {
    const detail = `This user may not use ${dataDir}, which belongs to the user with id ${statSync(dataDir).uid}.`
    return problem(check, detail, 'Run Twig as that user, or set TWIG_DATA_DIR to a folder of its own.')
  }
  // As root, Postgres's own user passes through the folder: 710.
  const isWide = process.platform !== 'win32' && (statSync(dataDir).mode & 0o067) !== 0
  if (!isWide) return ok(check, `${dataDir} is closed to other users (mode ${mode(dataDir)}).`)
  const detail = `${dataDir} is open to other users of this machine (mode ${mode(dataDir)}).`
  return warning(check, detail, `Run: chmod g-rw,o-rwx "${dataDir}"`)
}

/** Who else could read what is secret. To be asked before anything closes the files. */
export function checkFileModes(envFile: string, secretsFile: string): Finding[] {
  const findings: Finding[] = []
  if (existsSync(secretsFile) && isOpen(secretsFile)) {
    const detail = `Other users of this machine could read ${secretsFile} (mode ${mode(secretsFile)}).`
    const fix = `Run: chmod 600 "${secretsFile}"; if others use this machine, replace the secrets in it.`
    findings.push(problem('secrets', detail, fix))
  }
  if (existsSync(envFile) && isOpen(envFile)) {
    const detail = `Other users of this machine can read ${envFile} (mode ${mode(envFile)}).`
    findings.push(warning('configuration', detail, `Run: chmod 600 "${envFile}"`))
  }
  return findings
}

const SECRETS = ['TWIG_SESSION_SECRET', 'TWIG_KEY_PEPPER', 'TWIG_GATEWAY_SECRET'] as const

/** Presence, length and known examples have been judged with the rest of the environment; what is left is where from. */
export function checkSecrets(
  environment: Readonly<Record<string, string | undefined>>,
  secretsFile: string,
): Finding[] {
  const names = [...SECRETS, 'TWIG_ENCRYPTION_KEYS'] as const
  const set = names.filter((name) => environment[name]?.trim())
  const same = SECRETS.find((name, index) =>
    SECRETS.slice(0, index).some((other) => environment[name] && environment[name] === environment[other]),
  )
  if (same) {
    const fix = 'Give each a value of its own, so that one that leaks opens only what it is for.'
    return [warning('secrets', `${same} has the value of another secret.`, fix)]
  }
  if (set.length === names.length) {
    return [ok('secrets', 'All four come from the environment, long enough and no known examples.')]
  }
  const rest = set.length === 0 ? 'All four' : `All but ${set.join(', ')}`
  const place = existsSync(secretsFile)
    ? `are kept in ${secretsFile}.`
    : 'are made by the first npm start and kept in the data folder.'
  return [ok('secrets', `${rest} ${place}`)]
}
