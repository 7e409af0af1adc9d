import { directRedis } from '../../../server/gate-redis'
import { type GateDependencies, gate } from '../gate'
import { askRedis } from '../limiter'
import { type Rehearsal, type RehearsedRequest, rehearse } from '../rehearsal'
import type { Verdict } from '../verdict'
import { requestTo, type World } from './world'

/** A request that is rehearsed and then made. */
export interface Asked {
  request: RehearsedRequest
  appUrl: string
  /** The key's id, where the rehearsal is told no more than that. */
  byId: string | null
}

/** Rehearsals and real requests in one world. */
export function rehearsing(world: World) {
  const redis = directRedis({ execute: world.execute })
  const deps: GateDependencies = world.gateWith({ decideKey: (question) => askRedis(redis, question) })
  return {
    redis,
    deps,
    /** What the rehearsal says. */
    rehearsed({ request, appUrl, byId }: Asked): Promise<Rehearsal> {
      return rehearse(request, {
        appUrl,
        pepper: deps.pepper,
        redis,
        readRow: async (credential) =>
          byId === null ? world.verifyKey(credential, false) : world.readRow(byId),
        anySecret: byId !== null,
        nowMs: () => world.clock.nowMs,
      })
    },
    /** What the gate then does. */
    real({ request, appUrl }: Asked, authorization: string | null): Verdict | Promise<Verdict> {
      const headers = new Headers({ 'x-forwarded-proto': request.secure ? 'https' : 'http' })
      if (authorization !== null) headers.set('authorization', authorization)
      if (request.clientIp !== null) headers.set('x-forwarded-for', request.clientIp)
      return gate(requestTo(request.path, { method: request.method, headers }), { ...deps, appUrl })
    },
  }
}

/** What a caller could tell two answers apart by, but for the id of each; a token more where nothing was taken. */
export function told(verdict: Verdict, isRehearsal: boolean) {
  if (verdict.kind === 'admit') {
    const { 'X-Request-Id': _id, ...headers } = verdict.responseHeaders
    const left =
      Number(headers['X-RateLimit-Remaining'] ?? 0) - (isRehearsal && 'RateLimit' in headers ? 1 : 0)
    return { kind: 'admit', path: verdict.path, limit: headers['X-RateLimit-Limit'], left }
  }
  if (verdict.kind !== 'refuse') return { kind: verdict.kind }
  const { 'X-Request-Id': _id, ...headers } = verdict.headers
  const { request_id: _, ...body } = JSON.parse(verdict.body ?? '{}')
  return { kind: 'refuse', status: verdict.status, headers, body }
}
