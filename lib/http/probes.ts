import { checkCache } from '../store/cache'
import { checkDatabase } from '../store/db'

/** The process is up, whatever it depends on. */
export function liveness(): Response {
  return Response.json({ status: 'ok' }, { headers: { 'Cache-Control': 'no-store' } })
}

async function answers(check: () => Promise<void>): Promise<'ok' | 'unavailable'> {
  return check().then(
    () => 'ok',
    () => 'unavailable',
  )
}

/** Whether Postgres answers with its schema in place and Redis runs scripts; 503 with the names of what does not. */
export async function readiness(): Promise<Response> {
  const [postgres, redis] = await Promise.all([answers(checkDatabase), answers(checkCache)])
  const ready = postgres === 'ok' && redis === 'ok'
  const headers = { 'Cache-Control': 'no-store', ...(ready ? {} : { 'Retry-After': '1' }) }
  const body = { status: ready ? 'ok' : 'unavailable', postgres, redis }
  return Response.json(body, { status: ready ? 200 : 503, headers })
}
