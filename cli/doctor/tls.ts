import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { StartEnv } from '../../lib/env/node'
import { type Finding, ok, problem, warning } from './finding'

const DAY_MS = 24 * 3600 * 1000
const SOON_DAYS = 21

/** Whether the certificate that Twig serves itself is readable, belongs to its key, names the host and is in date. */
export function checkTls(env: Pick<StartEnv, 'tls' | 'appUrl'>, now: Date): Finding[] {
  const { tls, appUrl } = env
  if (!tls) return []
  const check = 'tls'
  const replace = 'Point TLS_CERT_FILE and TLS_KEY_FILE to a certificate for this host and its key.'
  let certificate: X509Certificate
  let isPair: boolean
  try {
    certificate = new X509Certificate(readFileSync(tls.certFile))
    isPair = certificate.checkPrivateKey(createPrivateKey(readFileSync(tls.keyFile)))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return [problem(check, `TLS_CERT_FILE and TLS_KEY_FILE cannot be used (${code}).`, replace)]
  }
  if (!isPair) return [problem(check, 'The key in TLS_KEY_FILE is not the one of TLS_CERT_FILE.', replace)]
  const { hostname, protocol } = new URL(appUrl)
  const host = hostname.replace(/^\[|\]$/g, '')
  const days = Math.floor((Date.parse(certificate.validTo) - now.getTime()) / DAY_MS)
  if (days < 0 || Date.parse(certificate.validFrom) > now.getTime()) {
    return [problem(check, 'The certificate is not valid today.', replace)]
  }
  if (protocol === 'http:') {
    const detail = 'Twig serves TLS, but APP_URL is http: links lead nowhere and the cookie is not Secure.'
    return [problem(check, detail, 'Set APP_URL to the https address.')]
  }
  if (!(isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host))) {
    return [warning(check, `The certificate does not name ${host}, the host of APP_URL.`, replace)]
  }
  if (days < SOON_DAYS) return [warning(check, `The certificate ends in ${days} days.`, 'Renew it.')]
  return [ok(check, `The certificate names ${host} and is valid for ${days} more days.`)]
}
