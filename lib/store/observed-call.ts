import { metrics } from './metrics'
import { tracer } from './tracing'

interface Call {
  way: 'guarded' | 'operator'
  method: string
  /** For traces alone: people may type any name, and each would be a series. */
  host: string
}

async function timed<R extends { status: number }>(way: Call['way'], send: () => Promise<R>): Promise<R> {
  const startedMs = performance.now()
  try {
    const answer = await send()
    metrics.outgoingCalls.add(way, `${Math.floor(answer.status / 100)}xx`)
    return answer
  } catch (error) {
    metrics.outgoingCalls.add(way, 'failed')
    throw error
  } finally {
    metrics.outgoingSeconds.observe(performance.now() - startedMs, way)
  }
}

/** Makes a call to another service, counted, timed until the head of its answer, and shown in traces by its host alone. */
export function observedCall<R extends { status: number }>(
  { way, method, host }: Call,
  send: () => Promise<R>,
): Promise<R> {
  const tracing = tracer()
  if (!tracing) return timed(way, send)
  const facts = { 'http.request.method': method, 'server.address': host }
  return tracing.span(`${method} ${host}`, facts, async (note) => {
    const answer = await timed(way, send)
    note({ 'http.response.status_code': answer.status })
    return answer
  })
}
