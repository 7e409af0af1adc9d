import { resolve } from 'node:path'
import {
  ENDPOINTS,
  type EncryptionKey,
  type EndpointName,
  GENERATE,
  type LOG_LEVELS,
  variables,
} from './variables'

type Environment = Readonly<Record<string, string | undefined>>

interface Secrets {
  sessionSecret: string
  keyPepper: string
  gatewaySecret: string
  encryptionKeys: readonly EncryptionKey[]
}

interface OAuthClient {
  clientId: string
  clientSecret: string
}

/** Where Redis is: nowhere yet (`embedded`), an ordinary one, or one that speaks the Upstash REST protocol. */
type RedisPlace =
  | { kind: 'embedded' }
  | { kind: 'redis'; url: string }
  | { kind: 'upstash'; url: string; token: string }

/** What is known before the backends run: secrets and database may still be Twig's own to make. */
export interface StartEnv {
  /** Public origin without a trailing slash. */
  appUrl: string
  port: number
  /** Absolute. */
  dataDir: string
  databaseUrl: string | undefined
  /** Postgres itself, where `databaseUrl` leads to a pooler in transaction mode; undefined where it does not. */
  directDatabaseUrl: string | undefined
  redis: RedisPlace
  secrets: Partial<Secrets>
  trustedProxyHops: number
  signup: 'open' | 'invite'
  smtpUrl: string | undefined
  mailFrom: string
  google: OAuthClient | undefined
  microsoft: OAuthClient | undefined
  /** Directories whose people may sign in with Microsoft, in lower case; any of the issuer's when empty. */
  microsoftTenants: readonly string[]
  slack: OAuthClient | undefined
  notion: OAuthClient | undefined
  /** Addresses that stand in for the providers' own, by variable. */
  endpoints: Readonly<Partial<Record<EndpointName, string>>>
  twigOpenAiKey: string | undefined
  twigAnthropicKey: string | undefined
  /** CIDRs that addresses typed by users may resolve to although they are private. */
  allowPrivateEndpoints: readonly string[]
  dnsServers: readonly string[]
  webConcurrency: number
  gate: 'server' | 'middleware' | 'worker'
  logLevel: (typeof LOG_LEVELS)[number]
  /** Opens /metrics to whoever presents it; without it there is no such address. */
  metricsToken: string | undefined
  /** Where traces go, and which share of them; nowhere when undefined. */
  traces: { endpoint: string; share: number } | undefined
  tls: { certFile: string; keyFile: string } | undefined
}

/** The configuration of a running Twig. */
export interface NodeEnv extends StartEnv {
  databaseUrl: string
  secrets: Secrets
}

/** What checking the environment came to: the configuration, or a sentence for every problem. */
export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] }

const SECRETS = [
  'TWIG_SESSION_SECRET',
  'TWIG_KEY_PEPPER',
  'TWIG_GATEWAY_SECRET',
  'TWIG_ENCRYPTION_KEYS',
] as const

/** Variables that mean something only together. */
const PAIRS = [
  ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'],
  ['TLS_CERT_FILE', 'TLS_KEY_FILE'],
  ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
  ['MICROSOFT_CLIENT_ID', 'MICROSOFT_CLIENT_SECRET'],
  ['SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET'],
  ['NOTION_CLIENT_ID', 'NOTION_CLIENT_SECRET'],
] as const

function contradictions(env: Environment): string[] {
  const problems: string[] = []
  for (const pair of PAIRS) {
    const [missing, ...more] = pair.filter((name) => !env[name])
    const given = pair.find((name) => env[name])
    if (missing && more.length === 0)
      problems.push(`${missing} is not set although ${given} is; set both or neither`)
  }
  if (env.REDIS_URL && env.UPSTASH_REDIS_REST_URL) {
    problems.push('REDIS_URL and UPSTASH_REDIS_REST_URL are both set; keep the one that Twig is to use')
  }
  if (env.DATABASE_DIRECT_URL && !env.DATABASE_URL) {
    problems.push(
      'DATABASE_DIRECT_URL is set although DATABASE_URL is not; it says where Postgres is when that is a pooler',
    )
  }
  if (env.TWIG_GATE === 'worker' && !env.REDIS_URL && !env.UPSTASH_REDIS_REST_URL) {
    problems.push(
      'TWIG_GATE is worker, but the Redis is Twig’s own, which no Worker reaches; set UPSTASH_REDIS_REST_URL to the one that the Worker has',
    )
  }
  if (env.DATABASE_URL) {
    for (const name of SECRETS.filter((name) => !env[name])) {
      const form =
        name === 'TWIG_ENCRYPTION_KEYS' ? 'key1:<32 bytes in base64>' : 'at least 32 random characters'
      problems.push(
        `${name} is not set, which DATABASE_URL requires; set it to ${form}, made with: ${GENERATE}`,
      )
    }
  }
  return problems
}

function client(clientId: string | undefined, clientSecret: string | undefined): OAuthClient | undefined {
  return clientId && clientSecret ? { clientId, clientSecret } : undefined
}

/**
 * Checks the whole environment (contract.md 2). Pure, but for relative paths, which count from the current folder.
 * Empty variables count as absent. No problem quotes a value.
 */
export function validateEnv(env: Environment): Checked<StartEnv> {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()))
  const parsed = variables.safeParse(present)
  const problems = contradictions(present)
  if (!parsed.success) {
    problems.unshift(...parsed.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`))
  }
  if (!parsed.success || problems.length > 0) return { ok: false, problems }
  const set = parsed.data
  const scheme = set.TLS_CERT_FILE ? 'https' : 'http'
  const appUrl = set.APP_URL ?? `${scheme}://localhost:${set.PORT}`
  return {
    ok: true,
    value: {
      appUrl,
      port: set.PORT,
      dataDir: resolve(set.TWIG_DATA_DIR ?? '.data'),
      databaseUrl: set.DATABASE_URL,
      directDatabaseUrl: set.DATABASE_DIRECT_URL,
      redis: redisPlace(set.UPSTASH_REDIS_REST_URL, set.UPSTASH_REDIS_REST_TOKEN, set.REDIS_URL),
      secrets: {
        sessionSecret: set.TWIG_SESSION_SECRET,
        keyPepper: set.TWIG_KEY_PEPPER,
        gatewaySecret: set.TWIG_GATEWAY_SECRET,
        encryptionKeys: set.TWIG_ENCRYPTION_KEYS,
      },
      trustedProxyHops: set.TRUSTED_PROXY_HOPS,
      signup: set.SIGNUP ?? 'open',
      smtpUrl: set.SMTP_URL,
      mailFrom: set.MAIL_FROM ?? `Twig <no-reply@${new URL(appUrl).hostname}>`,
      google: client(set.GOOGLE_CLIENT_ID, set.GOOGLE_CLIENT_SECRET),
      microsoft: client(set.MICROSOFT_CLIENT_ID, set.MICROSOFT_CLIENT_SECRET),
      microsoftTenants: set.MICROSOFT_TENANTS.map((tenant) => tenant.toLowerCase()),
      slack: client(set.SLACK_CLIENT_ID, set.SLACK_CLIENT_SECRET),
      notion: client(set.NOTION_CLIENT_ID, set.NOTION_CLIENT_SECRET),
      endpoints: Object.fromEntries(ENDPOINTS.flatMap((name) => (set[name] ? [[name, set[name]]] : []))),
      twigOpenAiKey: set.TWIG_OPENAI_API_KEY,
      twigAnthropicKey: set.TWIG_ANTHROPIC_API_KEY,
      allowPrivateEndpoints: set.TWIG_ALLOW_PRIVATE_ENDPOINTS,
      dnsServers: set.TWIG_DNS_SERVERS,
      webConcurrency: set.WEB_CONCURRENCY,
      gate: set.TWIG_GATE ?? 'server',
      logLevel: set.LOG_LEVEL ?? 'info',
      metricsToken: set.METRICS_TOKEN,
      traces: set.OTEL_EXPORTER_OTLP_ENDPOINT
        ? { endpoint: set.OTEL_EXPORTER_OTLP_ENDPOINT, share: Number(set.OTEL_TRACES_SAMPLER_ARG ?? 1) }
        : undefined,
      tls:
        set.TLS_CERT_FILE && set.TLS_KEY_FILE
          ? { certFile: set.TLS_CERT_FILE, keyFile: set.TLS_KEY_FILE }
          : undefined,
    },
  }
}

function redisPlace(
  url: string | undefined,
  token: string | undefined,
  redisUrl: string | undefined,
): RedisPlace {
  if (url && token) return { kind: 'upstash', url, token }
  return redisUrl ? { kind: 'redis', url: redisUrl } : { kind: 'embedded' }
}

let cached: NodeEnv | undefined

/**
 * The configuration of this process, checked once.
 * @throws Error with a line for every problem, naming the variables
 */
export function nodeEnv(): NodeEnv {
  cached ??= complete(validateEnv(process.env))
  return cached
}

/** Makes the next nodeEnv() read the environment anew; for tests. */
export function forgetEnv(): void {
  cached = undefined
}

function complete(checked: Checked<StartEnv>): NodeEnv {
  if (!checked.ok) throw new Error(checked.problems.join('\n'))
  const { databaseUrl, secrets } = checked.value
  const { sessionSecret, keyPepper, gatewaySecret, encryptionKeys } = secrets
  if (!databaseUrl || !sessionSecret || !keyPepper || !gatewaySecret || !encryptionKeys) {
    throw new Error(
      'DATABASE_URL and the secrets are not set; start Twig with npm start, or see .env.example',
    )
  }
  return {
    ...checked.value,
    databaseUrl,
    secrets: { sessionSecret, keyPepper, gatewaySecret, encryptionKeys },
  }
}
