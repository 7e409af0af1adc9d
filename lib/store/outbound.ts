import { Resolver, lookup as systemLookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { Agent, buildConnector, fetch as undiciFetch } from 'undici'
import {
  type AddressRange,
  judgeAddress,
  judgeUrl,
  literalAddress,
  type OutboundReason,
  outboundSentence,
  parseRanges,
} from '../core/outbound-address'
import { nodeEnv } from '../env/node'
import { observedCall } from './observed-call'

const MAX_BYTES = 4 * 1024 * 1024
const TIMEOUT_MS = 30_000
const CONNECT_MS = 5_000
const DNS_MS = 2_000
const DNS_TRIES = 2
const HEADER_BYTES = 16 * 1024
/** Connections are kept for little longer than a conversation pauses; each was judged when it was made. */
const KEEP_ALIVE_MS = 4_000

/** A call that Twig does not make, or an answer that it does not read on. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused'
  constructor(readonly reason: OutboundReason) {
    super(outboundSentence(reason))
  }
}

interface Address {
  address: string
  family: number
}

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<Address[]>

/** Asks name servers without blocking a thread of the pool, as `getaddrinfo` on a slow server would. */
async function askServers(hostname: string, servers: readonly string[]): Promise<Address[]> {
  const resolver = new Resolver({ timeout: DNS_MS, tries: DNS_TRIES })
  if (servers.length > 0) resolver.setServers([...servers])
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
  return answers.flatMap((answer, index) =>
    answer.status === 'fulfilled'
      ? answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 }))
      : [],
  )
}

/** Names of one's own network may stand in the hosts file alone; without such a network nobody asks for them. */
async function resolveName(hostname: string): Promise<Address[]> {
  const { dnsServers, allowPrivateEndpoints } = nodeEnv()
  const found = await askServers(hostname, dnsServers)
  if (found.length > 0 || allowPrivateEndpoints.length === 0) return found
  return systemLookup(hostname, { all: true })
}

interface Surroundings {
  allowed: readonly AddressRange[]
  resolve: Resolve
}

/** Every address that the name has must be fit to be called: a name with one that is not is not called at all. */
async function vetted(hostname: string, protocol: string, { allowed, resolve }: Surroundings) {
  const literal = literalAddress(hostname)
  const addresses =
    literal === null
      ? await resolve(hostname.replace(/\.$/, ''))
      : [{ address: literal, family: literal.includes(':') ? 6 : 4 }]
  const fit = protocol === 'https:' ? ['public', 'allowed'] : ['allowed']
  const verdicts = addresses.map(({ address }) => judgeAddress(address, allowed))
  if (verdicts.includes('refused')) throw new OutboundRefused('address')
  if (!verdicts.every((verdict) => fit.includes(verdict))) throw new OutboundRefused('scheme')
  if (addresses.length === 0) throw Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' })
  return addresses
}

/** Resolves nothing: hands out what was judged, so that no second answer of DNS can take its place. */
function pinned(addresses: Address[]): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, addresses)
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
  }
}

/** Connects to vetted addresses only, judged anew for every connection. */
function guardedAgent(surroundings: Surroundings): Agent {
  return new Agent({
    connect: (options, callback) => {
      const { hostname, protocol } = options
      vetted(hostname, protocol, surroundings).then(
        (addresses) => buildConnector({ timeout: CONNECT_MS, lookup: pinned(addresses) })(options, callback),
        (error: Error) => callback(error, null),
      )
    },
    ...limits,
  })
}

const limits = {
  maxHeaderSize: HEADER_BYTES,
  keepAliveTimeout: KEEP_ALIVE_MS,
  keepAliveMaxTimeout: KEEP_ALIVE_MS,
  // One deadline for the whole exchange takes the place of undici's own.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const

const shared = globalThis as unknown as { twigGuards?: Map<string, Agent>; twigOperatorAgent?: Agent }

function guardFor(cidrs: readonly string[], resolve: Resolve): Agent {
  if (resolve !== resolveName) return guardedAgent({ allowed: parseRanges(cidrs), resolve })
  shared.twigGuards ??= new Map()
  const key = cidrs.join()
  const agent = shared.twigGuards.get(key) ?? guardedAgent({ allowed: parseRanges(cidrs), resolve })
  shared.twigGuards.set(key, agent)
  return agent
}

/** The body, but no more of it than `maxBytes` after decompression, and nothing past the deadline. */
function bounded(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  stop: AbortController,
  end: () => void,
) {
  let size = 0
  return new ReadableStream<Uint8Array>({
    async pull(sink) {
      try {
        const part = await reader.read()
        if (part.done) {
          end()
          return sink.close()
        }
        size += part.value.byteLength
        if (size > maxBytes) throw new OutboundRefused('too_large')
        sink.enqueue(part.value)
      } catch (error) {
        end()
        sink.error(stop.signal.aborted ? stop.signal.reason : error)
        stop.abort(error)
      }
    },
    cancel(reason) {
      end()
      stop.abort(reason)
    },
  })
}

export interface OutboundOptions {
  /** Of the answer's body after decompression; 4 MiB unless told. */
  maxBytes?: number
  /** For the whole exchange, the body included; 30 000 unless told. */
  timeoutMs?: number
  /** Hands out a redirect, without its body, for the caller to judge where it leads; refused unless told. */
  handsOutRedirects?: boolean
}

interface Route extends OutboundOptions {
  /** `guarded` for addresses that a person typed, `operator` for configured ones. */
  way: 'guarded' | 'operator'
  agent: () => Agent
  judge: (text: string) => void
}

/** The one way out: no redirects, one deadline, a bounded body. */
function boundedFetch(route: Route): typeof fetch {
  const { way, agent, judge, maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS, handsOutRedirects = false } = route
  return async (input, init = {}) => {
    const url = String(input)
    judge(url)
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(new DOMException('too slow', 'TimeoutError')), timeoutMs)
    const leave = () => stop.abort(init.signal?.reason)
    if (init.signal?.aborted) leave()
    init.signal?.addEventListener('abort', leave, { once: true })
    const end = () => {
      clearTimeout(timer)
      init.signal?.removeEventListener('abort', leave)
    }
    try {
      const { method = 'GET' } = init
      const send = () =>
        undiciFetch(url, {
          method,
          headers: [...new Headers(init.headers)],
          body: init.body as string | null,
          redirect: 'manual',
          signal: stop.signal,
          dispatcher: agent(),
        })
      const response = await observedCall({ way, method, host: new URL(url).hostname }, send)
      const { status, statusText, headers } = response
      const isRedirect = status >= 300 && status < 400
      if (isRedirect && !handsOutRedirects) throw new OutboundRefused('redirect')
      if (isRedirect) await response.body?.cancel()
      const body = isRedirect
        ? null
        : response.body && bounded(response.body.getReader(), maxBytes, stop, end)
      if (!body) end()
      return new Response(body, { status, statusText, headers: [...headers] })
    } catch (error) {
      end()
      const why: unknown = stop.signal.aborted ? stop.signal.reason : error
      stop.abort(error)
      throw why instanceof TypeError && why.cause instanceof Error ? why.cause : why
    }
  }
}

/**
 * A fetch for addresses that a person typed: https, or http where the operator opened the address's range; every address
 * that DNS gives is judged when the connection is made and pinned to it; redirects are not followed; size and time are
 * bounded. It takes a URL and a body of text. It throws OutboundRefused for what is not allowed, a DOMException named
 * TimeoutError past the deadline, and otherwise the cause as Node or undici tell it.
 * @param resolve stands in for DNS in tests
 */
export function outboundFetch(options: OutboundOptions = {}, resolve: Resolve = resolveName): typeof fetch {
  const { allowPrivateEndpoints } = nodeEnv()
  const judge = (text: string) => {
    const verdict = judgeUrl(text, parseRanges(allowPrivateEndpoints))
    if (!verdict.ok) throw new OutboundRefused(verdict.reason)
  }
  return boundedFetch({
    ...options,
    way: 'guarded',
    judge,
    agent: () => guardFor(allowPrivateEndpoints, resolve),
  })
}

/** The same bounds for addresses that the operator set (OPENAI_BASE_URL …), which may be anywhere. */
export function operatorFetch(options: OutboundOptions = {}): typeof fetch {
  const agent = () => {
    shared.twigOperatorAgent ??= new Agent({ connect: { timeout: CONNECT_MS }, ...limits })
    return shared.twigOperatorAgent
  }
  return boundedFetch({ ...options, way: 'operator', judge: () => {}, agent })
}
