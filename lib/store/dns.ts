import { Resolver } from 'node:dns/promises'
import type { TxtAnswer } from '../core/domain-names'
import { nodeEnv } from '../env/node'

const TIMEOUT_MS = 2_000
const TRIES = 2
const ABSENT = new Set(['ENOTFOUND', 'ENODATA'])

/** TXT records of a name from the name servers of TWIG_DNS_SERVERS, or the system's; long ones joined (RFC 7208, 3.3). */
export async function lookUpTxt(name: string): Promise<TxtAnswer> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES })
  const { dnsServers } = nodeEnv()
  if (dnsServers.length > 0) resolver.setServers([...dnsServers])
  try {
    return (await resolver.resolveTxt(name)).map((parts) => parts.join(''))
  } catch (error) {
    return ABSENT.has(String((error as NodeJS.ErrnoException).code)) ? 'no_such_name' : 'unreachable'
  }
}
