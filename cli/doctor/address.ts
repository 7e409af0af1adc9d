import { lookup } from 'node:dns/promises'
import { SESSION_COOKIE } from '../../lib/core/session'
import type { StartEnv } from '../../lib/env/node'
import { requireFreePort } from '../../server/port'
import { Problem } from '../../server/problem.mjs'
import { type Finding, ok, problem, warning } from './finding'
import { isTwig } from './probe'
import type { Running } from './running'

type Address = Pick<
  StartEnv,
  'appUrl' | 'port' | 'tls' | 'trustedProxyHops' | 'databaseUrl' | 'smtpUrl' | 'redis' | 'gate'
>

/** Whether a host name means this machine alone. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(host)
  )
}

function portOf({ protocol, port }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** What is set only where others than the operator use a Twig. */
function signsOfProduction(env: Address): string[] {
  return [
    env.trustedProxyHops > 0 ? 'TRUSTED_PROXY_HOPS' : [],
    env.tls ? 'TLS_CERT_FILE' : [],
    env.smtpUrl ? 'SMTP_URL' : [],
    env.databaseUrl && !isLoopback(new URL(env.databaseUrl).hostname) ? 'DATABASE_URL' : [],
    env.redis.kind === 'upstash' && !isLoopback(new URL(env.redis.url).hostname)
      ? 'UPSTASH_REDIS_REST_URL'
      : [],
  ].flat()
}

/** What APP_URL says by itself. */
export function judgeAppUrl(env: Address): Finding {
  const { appUrl } = env
  const { protocol, hostname } = new URL(appUrl)
  if (isLoopback(hostname)) {
    const signs = signsOfProduction(env)
    if (signs.length === 0) return ok('app_url', `${appUrl}: for this machine alone.`)
    return warning(
      'app_url',
      `${appUrl} means this machine alone. If others use this Twig (${signs.join(', ')} set), links in its mails and errors lead nowhere for them.`,
      'Set APP_URL to the address that people type.',
    )
  }
  if (protocol === 'http:') {
    return problem(
      'app_url',
      `${appUrl} is not https: passwords, keys and session cookies cross the network readable.`,
      'Set TLS_CERT_FILE and TLS_KEY_FILE or put a proxy with TLS in front, and APP_URL to the https address.',
    )
  }
  return ok('app_url', `${appUrl} is https.`)
}

/** Whether APP_URL leads to the Twig that runs. */
export async function checkReach(env: Address, running: Running): Promise<Finding[]> {
  const { hostname } = new URL(env.appUrl)
  const host = hostname.replace(/^\[|\]$/g, '')
  const resolves = await lookup(host).then(
    () => true,
    () => false,
  )
  if (!resolves) {
    const fix = 'Add a DNS record for it, or correct APP_URL.'
    return [problem('reachable', `The host ${host} of APP_URL has no address.`, fix)]
  }
  if (!running.public) return [ok('reachable', 'Twig does not run now; start it, and APP_URL is tried too.')]
  return [judgeReach(env.appUrl, running.public)]
}

function judgeReach(appUrl: string, reply: NonNullable<Running['public']>): Finding {
  if (isTwig(reply)) return ok('reachable', `${appUrl}/healthz answers.`)
  if (reply.kind === 'answer') {
    return problem(
      'reachable',
      `At ${appUrl}/healthz something else answers than the Twig that runs here (status ${reply.status}).`,
      'Correct APP_URL, or have the proxy hand every path to Twig.',
    )
  }
  if (/CERT|TLS|SSL|SIGNED|ISSUER/.test(reply.code)) {
    return problem(
      'reachable',
      `The certificate at ${appUrl} is not one that clients accept (${reply.code}).`,
      'Install a certificate for this host with its chain; for one of your own authority set NODE_EXTRA_CA_CERTS.',
    )
  }
  const detail = `Twig runs, but ${appUrl} does not answer from here (${reply.code}).`
  if (isLoopback(new URL(appUrl).hostname))
    return problem('reachable', detail, 'Correct the port in APP_URL.')
  const fix = 'Check proxy and firewall; if only this machine cannot reach it, nothing is wrong.'
  return warning('reachable', detail, fix)
}

/** Whose word on the client's address counts, and whether that fits what stands in front. */
export function judgeClientAddress(env: Address, running: Running): Finding {
  const check = 'client_address'
  const { trustedProxyHops: hops, appUrl, tls } = env
  if (env.gate === 'worker') {
    return ok(
      check,
      "TWIG_GATE is worker: a client's address is the one in the Worker's pass, and no header's.",
    )
  }
  const url = new URL(appUrl)
  const tlsElsewhere = url.protocol === 'https:' && !tls
  if (running.twig?.hasOwnServer === false) return judgeWithoutServer(hops)
  if (running.loops || (tlsElsewhere && hops === 0)) {
    const seen = running.loops ? 'every page redirects to itself' : 'every request counts as plain http'
    return problem(
      check,
      `TLS ends at a proxy, and Twig does not believe what it says (TRUSTED_PROXY_HOPS ${hops}): ${seen}, API calls are refused, and all callers have the proxy's address.`,
      hops === 0
        ? 'Set TRUSTED_PROXY_HOPS to the number of proxies in front.'
        : 'Have the proxy set X-Forwarded-Proto and append to X-Forwarded-For.',
    )
  }
  const marks = running.added.length > 0 ? ` (it adds ${running.added.join(', ')})` : ''
  const otherPort = portOf(url) !== running.port
  if (hops === 0 && (marks !== '' || otherPort)) {
    return warning(
      check,
      marks === ''
        ? `APP_URL has port ${portOf(url)}, Twig listens on ${running.port}: if a proxy lies between, all callers have its address.`
        : `A proxy answers at APP_URL${marks}, but TRUSTED_PROXY_HOPS is 0: all callers have the proxy's address.`,
      'Set TRUSTED_PROXY_HOPS to the number of proxies in front; 0 is right for a mere forwarding of ports.',
    )
  }
  if (hops > 0 && marks === '' && !otherPort && !tlsElsewhere) {
    return warning(
      check,
      `TRUSTED_PROXY_HOPS is ${hops}, but nothing shows a proxy in front: without one, callers can write any address themselves.`,
      'Set TRUSTED_PROXY_HOPS to 0 unless that many proxies append to X-Forwarded-For.',
    )
  }
  const source = hops === 0 ? "the connection's own" : `the one that ${hops} trusted proxy hop(s) report`
  const guard = hops === 0 ? '' : ` Let nothing but the proxy reach port ${running.port}.`
  return ok(
    check,
    running.twig
      ? `server/ appends the peer to X-Forwarded-For; a client's address is ${source}.${guard}`
      : `With npm start a client's address is ${source}.${guard} Where Twig runs without server/ and without trusted hops, it is unknown.`,
  )
}

function judgeWithoutServer(hops: number): Finding {
  const check = 'client_address'
  if (hops > 0) {
    return warning(
      check,
      `Twig runs without server/: a client's address is what ${hops} trusted proxy hop(s) report, and whoever comes past them can write any.`,
      'Let nothing but the proxy reach Twig, or start it with npm start.',
    )
  }
  return problem(
    check,
    "Twig runs without server/ and without trusted hops: the client's address is unknown, so attempts to sign in are throttled for all callers together and records name no address.",
    'Start Twig with npm start, or set TRUSTED_PROXY_HOPS to the number of proxies in front.',
  )
}

/** What APP_URL makes of the session cookie. */
export function judgeCookie({ appUrl }: Address): Finding {
  const { protocol, hostname } = new URL(appUrl)
  if (protocol === 'https:') {
    const detail = `${SESSION_COOKIE} is Secure: browsers send it over https only, so people sign in at ${appUrl} and nowhere else.`
    return ok('cookie', detail)
  }
  if (isLoopback(hostname)) return ok('cookie', `${SESSION_COOKIE} is not Secure, because APP_URL is http.`)
  const detail = `${SESSION_COOKIE} is not Secure, because APP_URL is http: whoever sees the traffic can use it.`
  return warning('cookie', detail, 'Serve https and set APP_URL to it.')
}

/** Whether Twig has its port, or could have it. */
export async function checkPort({ twig, port }: Running): Promise<Finding> {
  if (twig) {
    const process = twig.pid === undefined ? '' : ` (process ${twig.pid})`
    return ok('port', `Twig${process} listens on port ${port}.`)
  }
  try {
    await requireFreePort(port)
    return ok('port', `Port ${port} is free.`)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const [detail = '', fix = ''] = error.sentence.split('; ')
    return problem('port', `${detail}.`, `${fix.charAt(0).toUpperCase()}${fix.slice(1)}`)
  }
}
