import { isIP } from 'node:net'
import { z } from 'zod'
import { isKnownExample } from './known-examples'

/** A key of the ring that seals columns: the first of the ring encrypts, all decrypt. */
export interface EncryptionKey {
  id: string
  /** Exactly 32 bytes. */
  key: Uint8Array
}

/** As pino knows them. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const SECRET_LENGTH = 32
const PRINTABLE = /^[\x20-\x7e]+$/

/** Addresses that may stand in for the providers' own. */
export const ENDPOINTS = [
  'GOOGLE_ISSUER',
  'GOOGLE_API_URL',
  'MICROSOFT_ISSUER',
  'MICROSOFT_GRAPH_URL',
  'SLACK_BASE_URL',
  'NOTION_BASE_URL',
  'OPENAI_BASE_URL',
  'ANTHROPIC_BASE_URL',
] as const
export type EndpointName = (typeof ENDPOINTS)[number]

const text = z.string().trim().min(1).optional()

function integer(fallback: number, least: number, most: number) {
  const sentence = `must be a whole number from ${least} to ${most}`
  return text
    .refine(
      (value) => value === undefined || (/^\d{1,6}$/.test(value) && +value >= least && +value <= most),
      sentence,
    )
    .transform((value) => (value === undefined ? fallback : Number(value)))
}

function parseUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined
}

function url(protocols: readonly string[], example: string) {
  return text.refine(
    (value) => value === undefined || protocols.includes(parseUrl(value)?.protocol ?? ''),
    `must be an address such as ${example}`,
  )
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

const endpoint = text.refine((value) => {
  const parsed = parseUrl(value ?? 'https://x')
  return parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isLoopback(parsed.hostname))
}, 'must be an https address; http is taken on loopback only')

const origin = text
  .refine((value) => {
    const parsed = parseUrl(value ?? 'http://x')
    return parsed !== undefined && /^https?:$/.test(parsed.protocol) && parsed.href === `${parsed.origin}/`
  }, 'must be an http or https origin without a path, such as https://twig.example.com')
  .transform((value) => (value === undefined ? undefined : new URL(value).origin))

/** A command that prints a good value. */
export const GENERATE = "node -e \"console.log(require('crypto').randomBytes(32).toString('base64'))\""

const secret = z
  .string()
  .optional()
  .transform((value) => (value === '' ? undefined : value))
  .refine(
    (value) => value === undefined || [...value].length >= SECRET_LENGTH,
    `must have at least ${SECRET_LENGTH} characters; make one with: ${GENERATE}`,
  )
  .refine(
    (value) => value === undefined || !isKnownExample(value),
    `is a known example or default; make one with: ${GENERATE}`,
  )

function parseKey(entry: string): EncryptionKey | string {
  const [id = '', base64 = '', ...rest] = entry.trim().split(':')
  if (!/^[\w-]{1,32}$/.test(id) || rest.length > 0)
    return 'must be id:base64, or several of them with commas between'
  const key = Buffer.from(base64, 'base64')
  const isCanonical = key.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '')
  if (!isCanonical || key.length !== 32)
    return `key "${id}" must be exactly 32 bytes in base64; make one with: ${GENERATE}`
  const ascii = key.toString('latin1')
  if (key.every((byte) => byte === 0) || (PRINTABLE.test(ascii) && isKnownExample(ascii))) {
    return `key "${id}" is a known example or default; make one with: ${GENERATE}`
  }
  return { id, key }
}

const keyRing = text.transform((value, context) => {
  if (value === undefined) return undefined
  const keys: EncryptionKey[] = []
  for (const parsed of value.split(',').map(parseKey)) {
    if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed })
    else if (keys.some((key) => key.id === parsed.id)) {
      context.addIssue({ code: 'custom', message: `names the key "${parsed.id}" twice` })
    } else keys.push(parsed)
  }
  return keys
})

function list(accepts: (entry: string) => boolean, sentence: string) {
  return text
    .transform((value) => (value ?? '').split(',').flatMap((entry) => entry.trim() || []))
    .refine((entries) => entries.every(accepts), sentence)
}

function isCidr(entry: string): boolean {
  const [address = '', prefix = '', ...rest] = entry.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= most
}

function isServer(entry: string): boolean {
  return isIP(entry.replace(/^\[(.*)\](?::\d+)?$/, '$1')) !== 0 || isIP(entry.replace(/:\d+$/, '')) === 4
}

function isTenant(entry: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(entry)
}

const database = url(['postgres:', 'postgresql:'], 'postgresql://user:password@host:5432/database')

/** Every variable of Twig that an operator may set, checked one by one. */
export const variables = z.object({
  PORT: integer(3000, 1, 65535),
  APP_URL: origin,
  TWIG_DATA_DIR: text,
  DATABASE_URL: database,
  DATABASE_DIRECT_URL: database,
  REDIS_URL: url(['redis:', 'rediss:'], 'redis://:password@host:6379'),
  UPSTASH_REDIS_REST_URL: url(['https:', 'http:'], 'https://name.upstash.io'),
  UPSTASH_REDIS_REST_TOKEN: text,
  TWIG_SESSION_SECRET: secret,
  TWIG_KEY_PEPPER: secret,
  TWIG_GATEWAY_SECRET: secret,
  TWIG_ENCRYPTION_KEYS: keyRing,
  TRUSTED_PROXY_HOPS: integer(0, 0, 10),
  SIGNUP: z.enum(['open', 'invite'], 'must be open or invite').optional(),
  SMTP_URL: url(['smtp:', 'smtps:'], 'smtp://user:password@host:587'),
  MAIL_FROM: text.refine((value) => value === undefined || /\S@\S/.test(value), 'must be an e-mail address'),
  GOOGLE_CLIENT_ID: text,
  GOOGLE_CLIENT_SECRET: text,
  MICROSOFT_CLIENT_ID: text,
  MICROSOFT_CLIENT_SECRET: text,
  MICROSOFT_TENANTS: list(isTenant, 'must be directory (tenant) ids with commas between'),
  SLACK_CLIENT_ID: text,
  SLACK_CLIENT_SECRET: text,
  NOTION_CLIENT_ID: text,
  NOTION_CLIENT_SECRET: text,
  ...(Object.fromEntries(ENDPOINTS.map((name) => [name, endpoint])) as Record<EndpointName, typeof endpoint>),
  TWIG_OPENAI_API_KEY: text,
  TWIG_ANTHROPIC_API_KEY: text,
  TWIG_ALLOW_PRIVATE_ENDPOINTS: list(
    isCidr,
    'must be CIDRs with commas between, such as 10.0.0.0/8,fd00::/8',
  ),
  TWIG_DNS_SERVERS: list(isServer, 'must be addresses with commas between, such as 1.1.1.1,127.0.0.1:5353'),
  WEB_CONCURRENCY: integer(1, 1, 64),
  TWIG_GATE: z.enum(['server', 'middleware', 'worker'], 'must be server, middleware or worker').optional(),
  METRICS_TOKEN: secret,
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http:', 'https:'], 'http://127.0.0.1:4318'),
  OTEL_TRACES_SAMPLER_ARG: text.refine(
    (value) => value === undefined || (/^(?:0|1|0?\.\d{1,6}|1\.0+)$/.test(value) && Number(value) <= 1),
    'must be a share from 0 to 1, such as 0.1',
  ),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).optional(),
  TLS_CERT_FILE: text,
  TLS_KEY_FILE: text,
})
