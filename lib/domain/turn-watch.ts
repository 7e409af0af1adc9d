import { TwigError } from '../core/errors'
import { type Principal, requirePermission } from '../core/principal'
import { lostPlace } from './allowlist-checks'
import { lostStanding } from './key-verifier'
import { findActiveSession } from './sessions'

/** The time as a turn sees it; a test passes its own. */
export interface TurnClock {
  nowMs(): number
  /** Repeats the work until the returned function is called. */
  every(ms: number, work: () => void): () => void
}

export const systemClock: TurnClock = {
  nowMs: () => Date.now(),
  every: (ms, work) => {
    const timer = setInterval(work, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
}

/** How often whoever asked is looked at again while the answer is written. */
export const RECHECK_MS = 15_000
/** How long an answer goes on while nobody can tell whether its caller still may. */
const UNKNOWN_MAX_MS = 60_000

/** The caller went away before the answer was complete. */
export class CallerLeft extends Error {
  override readonly name = 'CallerLeft'
}

/** Why the caller may no longer ask, or null. Throws when Postgres does not answer. */
async function lostRight(principal: Principal, nowMs: number): Promise<TwigError | null> {
  if (principal.kind === 'operator') return null
  const { organizationId, clientIp } = principal
  if (principal.kind === 'key') {
    const lost = await lostStanding(principal.keyId, 'execute', nowMs)
    return lost ?? lostPlace(organizationId, clientIp, 'api')
  }
  const { userId, sessionId } = principal
  // It was used when this began, whatever its row says by now.
  const session = await findActiveSession({ userId, sessionId, issuedAt: Math.floor(nowMs / 1000) })
  const membership =
    'ended' in session
      ? null
      : session.memberships.find(({ organization }) => organization.id === organizationId)
  if (!membership) return new TwigError('session_expired')
  const outside = await lostPlace(organizationId, clientIp, 'console')
  if (outside) return outside
  try {
    requirePermission({ ...principal, role: membership.role }, 'answers:run')
    return null
  } catch (error) {
    if (error instanceof TwigError) return error
    throw error
  }
}

/** One for the process: the server's modules and those that Next bundled must see the same answers. */
const shared = globalThis as unknown as { twigOpenStreams?: Set<(error: 'stopping') => void> }
shared.twigOpenStreams ??= new Set()
const openStreams = shared.twigOpenStreams

/** Ends every answer that is being streamed, with an error event: the process is about to end. */
export function endOpenStreams(): void {
  for (const end of [...openStreams]) end('stopping')
}

/** How many answers this process is streaming. */
export function openStreamCount(): number {
  return openStreams.size
}

export interface TurnWatch {
  /** Aborted with CallerLeft, or with the TwigError that ends the answer. */
  signal: AbortSignal
  /** Stops watching. */
  end(): void
}

/**
 * Watches over an answer while it is written: it ends when the caller leaves, when the caller's key or session no longer
 * counts or the allowlist keeps its address out (looked at every 15 s; a minute without knowing ends it too), and, for a stream, when the process is to end.
 */
export function watchTurn(
  principal: Principal,
  caller: { signal: AbortSignal | undefined; isStream: boolean },
  clock: TurnClock = systemClock,
): TurnWatch {
  const stop = new AbortController()
  const leave = () => stop.abort(new CallerLeft())
  if (caller.signal?.aborted) leave()
  caller.signal?.addEventListener('abort', leave, { once: true })
  const onStopping = () =>
    stop.abort(new TwigError('temporarily_unavailable', 'This server is being restarted; ask again.'))
  if (caller.isStream) openStreams.add(onStopping)

  let knownMs = clock.nowMs()
  let isLooking = false
  const look = async () => {
    if (isLooking) return
    isLooking = true
    const nowMs = clock.nowMs()
    try {
      const lost = await lostRight(principal, nowMs)
      if (lost) stop.abort(lost)
      else knownMs = nowMs
    } catch (cause) {
      if (nowMs - knownMs >= UNKNOWN_MAX_MS)
        stop.abort(new TwigError('temporarily_unavailable', undefined, { cause }))
    } finally {
      isLooking = false
    }
  }
  const endLooking = clock.every(RECHECK_MS, () => void look())
  return {
    signal: stop.signal,
    end: () => {
      endLooking()
      openStreams.delete(onStopping)
      caller.signal?.removeEventListener('abort', leave)
    },
  }
}
