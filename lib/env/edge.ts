/** What the gate needs to know of its surroundings. Read at run time: the edge bundle holds no value of these. */
export interface EdgeEnv {
  /** Public origin without a trailing slash. */
  appUrl: string
  sessionSecret: string
  keyPepper: string
  gatewaySecret: string
  redisUrl: string
  redisToken: string
  /** Proxies in front whose forwarding headers count. */
  trustedProxyHops: number
  /** Whether server/ stands in front and has appended the socket's address as the last hop. */
  peerAppended: boolean
  /** Whether everything must come through another host of the gate, which stands in front. */
  demandsPass: boolean
  /** Where this process answers its own internal calls. */
  internalUrl: string
  development: boolean
  /** Processes among which a limit is divided while Redis is away. */
  instances: number
}

function required(name: string, value: string | undefined): string {
  if (!value) throw new Error(`${name} is not set; start Twig with npm start, or see .env.example`)
  return value
}

let cached: EdgeEnv | undefined

/** The gate's configuration. Throws, naming the variable, when a required one is absent. */
export function edgeEnv(): EdgeEnv {
  const appUrl = (process.env.APP_URL ?? `http://localhost:${process.env.PORT ?? '3000'}`).replace(/\/+$/, '')
  cached ??= {
    appUrl,
    sessionSecret: required('TWIG_SESSION_SECRET', process.env.TWIG_SESSION_SECRET),
    keyPepper: required('TWIG_KEY_PEPPER', process.env.TWIG_KEY_PEPPER),
    gatewaySecret: required('TWIG_GATEWAY_SECRET', process.env.TWIG_GATEWAY_SECRET),
    redisUrl: required('UPSTASH_REDIS_REST_URL', process.env.UPSTASH_REDIS_REST_URL),
    redisToken: required('UPSTASH_REDIS_REST_TOKEN', process.env.UPSTASH_REDIS_REST_TOKEN),
    trustedProxyHops: Number(process.env.TRUSTED_PROXY_HOPS ?? 0),
    peerAppended: process.env.TWIG_SERVER === '1',
    demandsPass: process.env.TWIG_GATE === 'worker',
    internalUrl: process.env.TWIG_INTERNAL_URL ?? appUrl,
    development: process.env.NODE_ENV === 'development',
    instances: Math.max(1, Number(process.env.WEB_CONCURRENCY ?? 1) || 1),
  }
  return cached
}
