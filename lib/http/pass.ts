import { headers } from 'next/headers'
import { cache } from 'react'
import { TwigError } from '../core/errors'
import { PASS_HEADER, type PassFacts, readPass } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { nodeHmac } from '../store/hmac'

/** Verifies the gate's pass in a set of headers; null when there is none that is ours and fresh. */
export function passFrom(requestHeaders: Headers): PassFacts | null {
  const hmac = nodeHmac(nodeEnv().secrets.gatewaySecret)
  return readPass(requestHeaders.get(PASS_HEADER), hmac, Math.floor(Date.now() / 1000))
}

/**
 * The gate's pass of the page or action being served. Throws session_required without one: whoever went round the
 * middleware is nobody. Read once a request.
 */
export const requestPass = cache(async (): Promise<PassFacts> => {
  const pass = passFrom(await headers())
  if (!pass) throw new TwigError('session_required')
  return pass
})
