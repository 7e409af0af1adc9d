import type { Contestant } from './figures/throughput'
import { requestBytes } from './load/job'
import type { OwnTwig } from './own-twigs'
import { forgedRequests, goodRequests } from './requests'
import type { Target } from './target'

const BARE = 'Bare Next route'
const NO_OP = 'Bare Next route behind a no-op edge middleware'
const OF_BARE = { word: 'bare', name: BARE }
const OF_NO_OP = { word: 'no-op', name: NO_OP }

/** What everything else is compared with. */
export function bareContestants(bare: string, noOp: string): Contestant[] {
  const contestant = (name: string, url: string, against: Contestant['against']) => {
    return { name, redis: '', url, requests: goodRequests(url, 'none'), expected: 200, against }
  }
  return [contestant(BARE, bare, []), contestant(NO_OP, noOp, [OF_BARE])]
}

/** Good and forged keys at Twigs of the benchmark's own; a forged key never gets as far as Redis. */
export function ownContestants(twigs: readonly OwnTwig[], key: string): Contestant[] {
  const good = twigs.map(({ gate, redis, url, headers, log }) => ({
    log,
    name: `Twig, gate in ${gate}`,
    redis,
    url,
    requests: goodRequests(url, key, headers),
    expected: 200,
    against: gate === 'middleware' ? [OF_BARE, OF_NO_OP] : [OF_BARE],
  }))
  const forged = twigs
    .filter(({ redis }) => redis === 'stand-in')
    .map(({ gate, url, headers, log }) => ({
      log,
      name: `Twig, gate in ${gate}, forged keys refused`,
      redis: '',
      url,
      requests: forgedRequests(url, headers),
      expected: 401,
      against: [OF_BARE],
    }))
  return [...good, ...forged]
}

/** Good and forged keys at a Twig that runs already. */
export function runningContestants({ url, key }: { url: string; key: string }): Contestant[] {
  const against = [OF_BARE, OF_NO_OP]
  return [
    { name: `Twig at ${url}`, redis: '', url, requests: goodRequests(url, key), expected: 200, against },
    {
      name: `Twig at ${url}, forged keys refused`,
      redis: '',
      url,
      requests: forgedRequests(url),
      expected: 401,
      against: [OF_BARE],
    },
  ]
}

/** Whatever else was named on the command line. */
export function furtherContestants(targets: readonly Target[]): Contestant[] {
  return targets.map(({ name, url, headers }) => ({
    name,
    redis: '',
    url: new URL(url).origin,
    requests: [requestBytes(url, { headers })],
    expected: 200,
    against: [OF_BARE, OF_NO_OP],
  }))
}
