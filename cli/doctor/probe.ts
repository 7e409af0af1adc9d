import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { z } from 'zod'

const TIMEOUT_MS = 5_000
const MAX_BODY_BYTES = 64 * 1024

/** An answer over HTTP, or the reason why there was none (an error code such as ECONNREFUSED). */
export type Reply =
  | {
      kind: 'answer'
      status: number
      headers: Readonly<Record<string, string | string[] | undefined>>
      body: string
    }
  | { kind: 'failure'; code: string }

interface ProbeOptions {
  headers?: Record<string, string | string[]>
  /** False for the own machine's address, which no certificate names. */
  verifyCertificate?: boolean
}

/** One GET that follows no redirect. Never throws. */
export function probe(
  url: string,
  { headers = {}, verifyCertificate = true }: ProbeOptions = {},
): Promise<Reply> {
  return new Promise((resolve) => {
    const options = { headers, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) }
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, rejectUnauthorized: verifyCertificate })
      : httpRequest(url, options)
    const fail = (error: NodeJS.ErrnoException) =>
      resolve({
        kind: 'failure',
        code: error.name === 'AbortError' ? 'no answer' : (error.code ?? error.name),
      })
    request.on('error', fail)
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (body.length < MAX_BODY_BYTES) body += chunk
      })
      response.on('error', fail)
      response.on('end', () =>
        resolve({ kind: 'answer', status: response.statusCode ?? 0, headers: response.headers, body }),
      )
    })
    request.end()
  })
}

const Health = z.object({ status: z.literal('ok') })

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether it is Twig's `/healthz` that has answered. */
export function isTwig(reply: Reply): boolean {
  if (reply.kind === 'failure' || reply.status !== 200) return false
  return (
    Health.safeParse(parseJson(reply.body)).success && /^req_/.test(String(reply.headers['x-request-id']))
  )
}

/**
 * Whether server/ stands in front of the Twig at an address: it alone refuses an Authorization header sent twice, of
 * which Node itself would hand on the first.
 */
export async function hasOwnServer(origin: string): Promise<boolean> {
  const headers = { Authorization: ['Basic Og==', 'Basic Og=='] }
  const reply = await probe(`${origin}/healthz`, { headers, verifyCertificate: false })
  return reply.kind === 'answer' && reply.status === 400
}

/** Headers that the one answer has and the other has not: the marks of whatever stands in between. */
export function headersAdded(direct: Reply, through: Reply): string[] {
  if (direct.kind === 'failure' || through.kind === 'failure') return []
  const usual = new Set([
    ...Object.keys(direct.headers),
    'strict-transport-security',
    'connection',
    'keep-alive',
  ])
  return Object.keys(through.headers).filter((name) => !usual.has(name))
}
