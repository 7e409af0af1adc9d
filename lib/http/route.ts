import type { z } from 'zod'
import type { Endpoint } from '../core/endpoints'
import { errorBody, TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { API_BASE, resolvePolicy } from '../core/policy'
import type { KeyPrincipal, Scope } from '../core/principal'
import { USAGE_PATH_MAX, usageEventBase } from '../core/usage'
import { type Answer, once } from '../domain/idempotency'
import { recordUsage } from '../domain/usage-recorder'
import type { PassFacts } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { invalidRequest, toTwigError } from './failure'
import { passFrom } from './pass'

const BODY_BYTES_MAX = 1024 * 1024

type InputOf<E extends Endpoint> = (E extends { params: infer P extends z.ZodType } ? z.infer<P> : unknown) &
  (E extends { query: infer Q extends z.ZodType } ? z.infer<Q> : unknown) &
  (E extends { body: infer B extends z.ZodType } ? z.infer<B> : unknown)

interface RouteContext {
  params: Promise<Record<string, string>>
}

/** An answer in Twig's error shape, also where no pass told a request id. */
export function errorResponse(error: TwigError, requestId: string): Response {
  const headers = new Headers({ 'Cache-Control': 'no-store', 'X-Request-Id': requestId })
  if (error.retryAfterSeconds !== undefined) headers.set('Retry-After', String(error.retryAfterSeconds))
  return Response.json(errorBody(error, requestId, nodeEnv().appUrl), { status: error.status, headers })
}

/**
 * A handler of the API: the gate's pass, then the parsed input, then the verb, then the shaped answer. Without a pass made
 * for this method and path it answers 401, so going round the gate admits nobody.
 */
export function route<E extends Endpoint>(
  endpoint: E,
  verb: (principal: KeyPrincipal, input: InputOf<E>) => Promise<z.input<E['output']>>,
): (request: Request, context: RouteContext) => Promise<Response> {
  const bucket = bucketOf(endpoint)
  return async (request, context) => {
    const startedMs = performance.now()
    const pass = passFrom(request.headers)
    const requestId = pass?.requestId ?? newId('req')
    const answered = (response: Response, code: string) => {
      if (pass?.kind === 'key')
        count({ endpoint: endpoint.path, scope: bucket }, request, pass, { response, code, startedMs })
      return response
    }
    try {
      const params = await context.params
      const principal = principalOf(pass, request.method, fillPath(endpoint.path, params))
      const text = endpoint.body ? await readText(request) : ''
      const input = readInput(endpoint, request, params, text)
      const answer = async () => ({
        status: endpoint.status,
        body: endpoint.output.parse(await verb(principal, input as InputOf<E>)) as Answer['body'],
      })
      const key = request.method === 'POST' ? idempotencyKey(request) : null
      if (key === null) return answered(respond(endpoint, input, await answer()), '')
      const path = API_BASE + endpoint.path
      const { replayed, ...first } = await once(principal, { key, path, body: text }, answer)
      const headers: Record<string, string> = replayed ? { 'Idempotent-Replayed': 'true' } : {}
      return answered(respond(endpoint, input, first, headers), '')
    } catch (error) {
      const failure = toTwigError(error, requestId)
      return answered(errorResponse(failure, requestId), failure.code)
    }
  }
}

/** The bucket that the policy charges an operation to. */
function bucketOf({ method, path }: Endpoint): Scope {
  const resolution = resolvePolicy(method.toUpperCase(), API_BASE + path.replaceAll(/[{}]/g, ''))
  return (resolution.kind === 'row' ? resolution.row.bucket : undefined) ?? 'admin'
}

/** Counts an admitted request under its key (B8): off the request's path, with the gate's time and ours. */
function count(
  place: { endpoint: string; scope: Scope },
  request: Request,
  pass: Extract<PassFacts, { kind: 'key' }>,
  { response, code, startedMs }: { response: Response; code: string; startedMs: number },
): void {
  const { requestId, keyId, m: method, p: path, clientIp, gateUs } = pass
  const userAgent = request.headers.get('user-agent')
  recordUsage({
    ...usageEventBase({ requestId, timeMs: Date.now(), keyId, method, clientIp, userAgent }),
    ...place,
    path: path.slice(API_BASE.length, API_BASE.length + USAGE_PATH_MAX),
    status: response.status,
    code,
    admitted: true,
    latencyUs: gateUs + Math.round((performance.now() - startedMs) * 1000),
  })
}

function respond(
  endpoint: Endpoint,
  input: object,
  { status, body }: { status: number; body: unknown },
  headers: Record<string, string> = {},
): Response {
  const isCsv = endpoint.csv && 'format' in input && input.format === 'csv'
  if (!isCsv) return Response.json(body, { status, headers })
  const type = { 'Content-Type': 'text/csv; charset=utf-8' }
  return new Response(endpoint.csv?.(body), { status, headers: { ...headers, ...type } })
}

/** The path that the pass must have been made for, e.g. `/api/v1/agents/agent_1`. */
function fillPath(pattern: string, params: Record<string, string>): string {
  return API_BASE + pattern.replaceAll(/\{(\w+)\}/g, (_match, name: string) => params[name] ?? '')
}

function principalOf(pass: PassFacts | null, method: string, path: string): KeyPrincipal {
  if (pass?.kind !== 'key' || pass.m !== method || pass.p !== path)
    throw new TwigError('missing_authorization')
  const { keyId, keyName, organizationId, organization, environment, scopes, requestId, clientIp } = pass
  return {
    kind: 'key',
    keyId,
    keyName,
    organizationId,
    organization,
    environment,
    scopes,
    requestId,
    clientIp,
  }
}

function idempotencyKey(request: Request): string | null {
  const key = request.headers.get('idempotency-key')
  if (key === null || /^[\x21-\x7e]{1,255}$/.test(key)) return key
  const fields = { 'Idempotency-Key': '1 to 255 printable ASCII characters without spaces' }
  throw new TwigError('invalid_request', `Idempotency-Key: ${fields['Idempotency-Key']}.`, {
    details: { fields },
  })
}

/** Reads the body up to its bound; the bound holds whatever Content-Length says. */
async function readText(request: Request): Promise<string> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type && type !== 'application/json') throw new TwigError('unsupported_media_type')
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const chunk: Uint8Array = part.value
    size += chunk.byteLength
    if (size > BODY_BYTES_MAX) {
      await reader?.cancel()
      throw new TwigError('payload_too_large')
    }
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (error) {
    throw new TwigError('invalid_json', 'The body is not UTF-8.', { cause: error })
  }
}

function readInput(
  endpoint: Endpoint,
  request: Request,
  params: Record<string, string>,
  text: string,
): object {
  return {
    ...(endpoint.params ? parse(endpoint.params, params) : {}),
    ...(endpoint.query ? parse(endpoint.query, queryOf(request)) : {}),
    ...(endpoint.body ? parse(endpoint.body, bodyOf(endpoint.body, text)) : {}),
  }
}

/** Of a name that stands twice the last value. */
function queryOf(request: Request): Record<string, string> {
  return Object.fromEntries(new URL(request.url).searchParams)
}

function parse(schema: z.ZodObject, value: unknown): object {
  const result = schema.safeParse(value)
  if (!result.success) throw invalidRequest(result.error)
  return result.data
}

/** Where nothing is required, nothing need be sent. */
function bodyOf(schema: z.ZodObject, text: string): unknown {
  return text === '' && schema.safeParse({}).success ? {} : parseJson(text)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TwigError('invalid_json', undefined, { cause: error })
  }
}
