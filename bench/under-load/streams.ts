import { Agent, type ClientRequest, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../server/problem.mjs'
import type { Figure } from '../figures/figure'
import { bearer } from '../requests'
import { readable } from '../table'
import type { Place } from './command'
import { MODEL, startEndlessModel } from './endless-model'
import { pulseAlone, pulseWhile, whileWatching } from './watch'

const HELD_MS = 20_000
/** Opened a few at a time, as callers come. */
const AT_ONCE = 50
const OPEN_MS = 60_000
const TRIES = 10

async function post(place: Place, path: string, body: unknown): Promise<Record<string, string>> {
  const response = await fetch(`${place.url}/api/v1${path}`, {
    method: 'POST',
    headers: { ...bearer(place.key), 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Problem(`${path} answered ${response.status}: ${text}`)
  return JSON.parse(text)
}

interface Open {
  status: number
  /** Whether its first event has come. */
  hasBegun: boolean
  retryAfterSeconds: number
  tries: number
  call: ClientRequest
}

/** A stream that stays open. Whoever is told 503 comes again when the answer says; in the end it is its answer. */
async function open(place: Place, agentId: string, agent: Agent): Promise<Open> {
  for (let tries = 1; ; tries++) {
    const opened = await openOnce(place, agentId, agent)
    if (opened.status !== 503 || tries === TRIES) return { ...opened, tries }
    await sleep(opened.retryAfterSeconds * 1_000)
  }
}

/** Resolves with the first event, or the refusal. */
function openOnce(place: Place, agentId: string, agent: Agent): Promise<Omit<Open, 'tries'>> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ agent_id: agentId, query: 'Go on.', stream: true })
    const headers = {
      ...bearer(place.key),
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    }
    const options = { method: 'POST', agent, headers, timeout: OPEN_MS }
    const call = request(`${place.url}/api/v1/query`, options, (response) => {
      const status = response.statusCode ?? 0
      const retryAfterSeconds = Number(response.headers['retry-after'] ?? 1)
      response.once('data', () => resolve({ status, hasBegun: status === 200, retryAfterSeconds, call }))
      response.on('error', () => {})
      response.resume()
    })
    call.once('error', reject)
    call.once('timeout', () => call.destroy(new Error('timeout')))
    call.end(body)
  })
}

/** Opens some thousand answers that go on and on, holds them for twenty seconds, and lets all of them go. */
export async function measureStreams(place: Place, count: number): Promise<Figure> {
  const { pid, say } = place
  const models = await startEndlessModel()
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY })
  try {
    const own = { provider: 'custom', endpoint: `${models.url}/v1`, api_key: 'sk-load-0123456789abcdef' }
    const { id: externalKeyId } = await post(place, '/external-keys', own)
    const model = { source: 'custom_key', name: MODEL, external_key_id: externalKeyId }
    const { id: agentId = '' } = await post(place, '/agents', { name: 'Load', model })
    const idle = await pulseAlone(place)
    say(`Opening ${count} streams …`)
    const watched = await whileWatching(pid, async () => {
      const results: PromiseSettledResult<Open>[] = []
      for (let from = 0; from < count; from += AT_ONCE) {
        const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, () =>
          open(place, agentId, agent),
        )
        results.push(...(await Promise.allSettled(some)))
      }
      const { pulses } = await pulseWhile(place, () => sleep(HELD_MS))
      return { results, pulses }
    })
    const opened = watched.result.results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    for (const { call } of opened) call.destroy()
    const broken: Record<string, number> = {}
    for (const one of watched.result.results) {
      if (one.status === 'rejected') broken[String(one.reason)] = (broken[String(one.reason)] ?? 0) + 1
    }
    const begun = opened.filter(({ hasBegun }) => hasBegun).length
    const refusals = opened.reduce((sum, { tries }) => sum + tries - 1, 0)
    const statuses: Record<number, number> = {}
    for (const { status } of opened) statuses[status] = (statuses[status] ?? 0) + 1
    const { kept } = watched.result.pulses
    return {
      rows: [
        {
          figure: `${count} streams: open at once`,
          redis: place.redisKind,
          connections: count,
          value: readable(begun),
          against: `must be ${count}; ${refusals} × 503 before; at most ${readable(watched.mostMiB)} MiB`,
        },
        {
          figure: 'A cached key beside them',
          redis: place.redisKind,
          value: `${readable(kept.p99)} ms`,
          p50: kept.p50,
          p99: kept.p99,
          against: `of those sent ${readable(kept.sentP99)}; idle ${readable(idle.kept.p99)}; most ${readable(kept.most)}`,
        },
      ],
      raw: {
        count,
        statuses,
        refusals,
        broken,
        begun,
        idle,
        mostMiB: watched.mostMiB,
        pulses: watched.result.pulses,
      },
    }
  } finally {
    agent.destroy()
    await models.close()
  }
}
