import type { EdgeEnv } from '../lib/env/edge'

/** What the platform hands the Worker: the variables of wrangler.jsonc and the secrets, by name. */
export type Bindings = Readonly<Record<string, unknown>>

/** The Worker's configuration. */
export interface WorkerSettings {
  env: EdgeEnv
  /** Where the servers are: origins without a trailing slash, one at least. */
  origins: readonly string[]
}

const SECRETS = ['TWIG_SESSION_SECRET', 'TWIG_KEY_PEPPER', 'TWIG_GATEWAY_SECRET'] as const
const SECRET_LENGTH = 32
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Passes and sessions travel there, so plain http is for this machine only. */
function isOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || url.href !== `${url.origin}/`) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

/**
 * Reads and checks the Worker's configuration.
 * @throws Error with a sentence for every problem; none quotes a value
 */
export function readSettings(bindings: Bindings): WorkerSettings {
  const problems: string[] = []
  const text = (name: string) => {
    const value = bindings[name]
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
    problems.push(`${name} is not set`)
    return ''
  }
  const origin = (name: string, value: string) => {
    if (value !== '' && !isOrigin(value)) {
      problems.push(`${name} must be an https origin without a path; http is taken on loopback only`)
      return ''
    }
    return value && new URL(value).origin
  }
  const secret = (name: (typeof SECRETS)[number]) => {
    const value = text(name)
    if (value !== '' && value.length < SECRET_LENGTH) problems.push(`${name} must be the servers' own`)
    return value
  }
  const appUrl = origin('APP_URL', text('APP_URL'))
  const origins = text('TWIG_ORIGINS')
    .split(',')
    .map((one) => origin('TWIG_ORIGINS', one.trim()))
    .filter((one) => one !== '')
  const [sessionSecret = '', keyPepper = '', gatewaySecret = ''] = SECRETS.map(secret)
  const redisUrl = origin('UPSTASH_REDIS_REST_URL', text('UPSTASH_REDIS_REST_URL'))
  const redisToken = text('UPSTASH_REDIS_REST_TOKEN')
  if (origins.includes(appUrl))
    problems.push('TWIG_ORIGINS must not name APP_URL: the Worker would call itself')
  const [internalUrl = ''] = origins
  if (problems.length > 0 || internalUrl === '') throw new Error([...new Set(problems)].join('; '))
  return {
    origins,
    env: {
      appUrl,
      sessionSecret,
      keyPepper,
      gatewaySecret,
      redisUrl,
      redisToken,
      // The one hop is the platform: see platformView.
      trustedProxyHops: 1,
      peerAppended: false,
      demandsPass: false,
      internalUrl,
      development: false,
      instances: 1,
    },
  }
}
