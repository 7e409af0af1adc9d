import type { Answer, Payer } from '../core/answer-schemas'
import { errorBody } from '../core/errors'
import type { OpenTurn } from '../domain/answers'
import { CallerLeft } from '../domain/turn-watch'
import { nodeEnv } from '../env/node'
import { toTwigError } from './failure'

/** So often something is sent, lest a proxy on the way take a model that thinks for a connection that died. */
const HEARTBEAT_MS = 10_000
/** nginx's name for an answer that nobody waited for. */
export const CALLER_LEFT_STATUS = 499

const encoder = new TextEncoder()

/** One server-sent event. WHATWG HTML 9.2.6; JSON holds no line break. */
function event(name: 'delta' | 'done' | 'error', data: object): Uint8Array {
  return encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}

function streamHeaders(billedTo: Payer | null, more: Record<string, string>): Record<string, string> {
  return {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
    ...(billedTo ? { 'X-Twig-Billed-To': billedTo } : {}),
    ...more,
  }
}

/** An answer that was given before, as a stream of the same form. */
export function replayedStream(answer: Answer): Response {
  const events = [event('delta', { text: answer.response }), event('done', answer)]
  const headers = streamHeaders(answer.billed_to, { 'Idempotent-Replayed': 'true' })
  return new Response(Buffer.concat(events), { headers })
}

export interface StreamSurroundings {
  requestId: string
  route: string
  /** Of the connection. */
  signal: AbortSignal
  /** Takes the answer before the last event is sent, null where there is none. */
  settle(answer: Answer | null): Promise<void>
  /** Told once how it ended: the status that it would have had as a whole, and the error's code. */
  onEnd(status: number, code: string): void
}

/**
 * Answers a turn as server-sent events: `delta` `{text}` as it is written, then `done` with the whole answer, or `error`
 * with the error object. The turn ends when the caller leaves. Who is billed stands in the header, which therefore waits
 * for the model's first word where the agent may fall back.
 */
export async function streamTurn(
  turn: OpenTurn,
  { requestId, route, signal, settle, onEnd }: StreamSurroundings,
): Promise<Response> {
  const left = new AbortController()
  const leave = () => left.abort()
  if (signal.aborted) leave()
  signal.addEventListener('abort', leave, { once: true })
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    {},
    { highWaterMark: Number.POSITIVE_INFINITY },
    { highWaterMark: 1 },
  )
  const writer = writable.getWriter()
  // A reader that goes away shows here as well, wherever the platform tells of it first.
  writer.closed.catch(leave)
  const send = (bytes: Uint8Array) => void writer.write(bytes).catch(leave)
  const heartbeat = setInterval(() => send(encoder.encode(': still here\n\n')), HEARTBEAT_MS)

  let tellPayer: (payer: Payer | null) => void = () => {}
  const payer = new Promise<Payer | null>((resolve) => {
    tellPayer = resolve
  })
  const onText = (text: string) => send(event('delta', { text }))
  const finish = async () => {
    try {
      const answer = await turn.run({ signal: left.signal, onText, onPayer: tellPayer })
      await settle(answer)
      send(event('done', answer))
      onEnd(200, '')
    } catch (error) {
      await settle(null)
      if (error instanceof CallerLeft) return onEnd(CALLER_LEFT_STATUS, '')
      const failure = toTwigError(error, requestId, route)
      send(event('error', errorBody(failure, requestId, nodeEnv().appUrl)))
      onEnd(failure.status, failure.code)
    } finally {
      clearInterval(heartbeat)
      signal.removeEventListener('abort', leave)
      tellPayer(null)
      await writer.close().catch(() => undefined)
    }
  }
  void finish()
  const billedTo = turn.payer ?? (await payer)
  return new Response(readable, { headers: streamHeaders(billedTo, {}) })
}
