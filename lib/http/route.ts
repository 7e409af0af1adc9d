import type { z } from 'zod'
import { blockedEvent, blockReasonOf } from '../core/access-log'
import { Answer as TurnAnswer } from '../core/answer-schemas'
import type { DocumentUpload } from '../core/data-schemas'
import type { Endpoint } from '../core/endpoints'
import { errorBody, TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { API_BASE, resolvePolicy } from '../core/policy'
import type { KeyPrincipal, Scope } from '../core/principal'
import { securityHeaders } from '../core/security-headers'
import type { TextFile } from '../core/text-file'
import { USAGE_MESSAGE_MAX, USAGE_PATH_MAX, usageEventBase } from '../core/usage'
import type { OpenTurn } from '../domain/answers'
import { type Answer, claim, type IdempotentRequest, once } from '../domain/idempotency'
import { recordBlocked, recordUsage } from '../domain/usage-recorder'
import { handAnswer, PASS_HEADER, type PassFacts } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { scrub } from '../store/log'
import { metrics } from '../store/metrics'
import { type ReadBody, readBody, readText } from './body'
import { invalidRequest, toTwigError } from './failure'
import { passFrom } from './pass'
import { fileResponse } from './text-file'
import { CALLER_LEFT_STATUS, replayedStream, type StreamSurroundings, streamTurn } from './turn-stream'

type InputOf<E extends Endpoint> = (E extends { params: infer P extends z.ZodType } ? z.infer<P> : unknown) &
  (E extends { query: infer Q extends z.ZodType } ? z.infer<Q> : unknown) &
  (E extends { upload: z.ZodType; body: infer B extends z.ZodType }
    ? z.infer<B> | DocumentUpload
    : E extends { body: infer B extends z.ZodType }
      ? z.infer<B>
      : unknown)

interface RouteContext {
  params: Promise<Record<string, string>>
}

type Verb<E extends Endpoint> = (principal: KeyPrincipal, input: InputOf<E>) => Promise<z.input<E['output']>>

interface TurnVerb<E extends Endpoint> {
  openTurn(principal: KeyPrincipal, input: InputOf<E>): Promise<OpenTurn>
}

/** An answer in Twig's error shape, also where no pass told a request id. */
export function errorResponse(error: TwigError, requestId: string): Response {
  const headers = new Headers({ ...securityHeaders, 'Cache-Control': 'no-store', 'X-Request-Id': requestId })
  if (error.retryAfterSeconds !== undefined) headers.set('Retry-After', String(error.retryAfterSeconds))
  return Response.json(errorBody(error, requestId, nodeEnv().appUrl), { status: error.status, headers })
}

/**
 * A handler of the API: the gate's pass, then the parsed input, then the verb, then the shaped answer. Without a pass made
 * for this method and path it answers 401, so going round the gate admits nobody.
 * @param verb does it; or makes ready a turn, whose answer ends with the caller's connection and may be streamed
 */
export function route<E extends Endpoint>(
  endpoint: E,
  verb: Verb<E> | TurnVerb<E>,
): (request: Request, context: RouteContext) => Promise<Response> {
  const bucket = bucketOf(endpoint)
  const route = API_BASE + endpoint.path
  return async (request, context) => {
    const startedMs = performance.now()
    const { signal } = request
    const pass = passFrom(request.headers)
    const requestId = pass?.requestId ?? newId('req')
    const ended = (status: number, code: string, message = '') => {
      if (pass?.kind === 'key')
        count({ endpoint: endpoint.path, scope: bucket }, request, pass, { status, code, message, startedMs })
    }
    const answered = (response: Response, code: string, message = '') => {
      ended(response.status, code, message)
      return response
    }
    try {
      const params = await context.params
      const principal = principalOf(pass, request.method, fillPath(endpoint.path, params))
      const body = await readBody(endpoint, request)
      const input = readInput(endpoint, request, params, body) as InputOf<E> & object
      const work = async () =>
        'openTurn' in verb ? (await verb.openTurn(principal, input)).run({ signal }) : verb(principal, input)
      const answer = async () => ({
        status: endpoint.status,
        body: endpoint.output.parse(await work()) as Answer['body'],
      })
      const key = request.method === 'POST' ? idempotencyKey(request) : null
      const repeatable = key === null ? null : { key, path: pass?.p ?? '', body: body.digest }
      if ('openTurn' in verb && asksForStream(input)) {
        const open = () => verb.openTurn(principal, input)
        return await stream({ principal, repeatable, open }, { requestId, route, signal, onEnd: ended })
      }
      if (endpoint.file) return answered(await fileResponse((await work()) as TextFile), '')
      if (repeatable === null) return answered(respond(endpoint, request, input, await answer()), '')
      const { replayed, ...first } = await once(principal, repeatable, answer, { signal })
      const headers: Record<string, string> = replayed ? { 'Idempotent-Replayed': 'true' } : {}
      return answered(respond(endpoint, request, input, first, headers), '')
    } catch (error) {
      if (signal.aborted) return answered(new Response(null, { status: CALLER_LEFT_STATUS }), '')
      const failure = toTwigError(error, requestId, route)
      return answered(errorResponse(failure, requestId), failure.code, failure.message)
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
  { status, code, message, startedMs }: { status: number; code: string; message: string; startedMs: number },
): void {
  const { requestId, keyId, environment, m: method, p: path, clientIp, gateUs } = pass
  const userAgent = request.headers.get('user-agent')
  const base = { requestId, timeMs: Date.now(), keyId, method, clientIp, userAgent }
  // The server's own gate is timed where it decides (server/gate.ts).
  if (nodeEnv().gate === 'middleware') metrics.gateSeconds.observe(gateUs / 1000, 'edge')
  const reason = blockReasonOf(code)
  // An answer that was cut off: its key or its address lost its standing meanwhile.
  if (reason) recordBlocked(blockedEvent({ ...base, organizationId: null, environment, reason, code, path }))
  recordUsage({
    ...usageEventBase(base),
    ...place,
    path: path.slice(API_BASE.length, API_BASE.length + USAGE_PATH_MAX),
    status,
    code,
    // It may quote a name out of the body.
    message: scrub(message).slice(0, USAGE_MESSAGE_MAX),
    admitted: true,
    latencyUs: gateUs + Math.round((performance.now() - startedMs) * 1000),
  })
}

function asksForStream(input: object): boolean {
  return 'stream' in input && input.stream === true
}

/** A stream is kept for its Idempotency-Key like any answer, and given again as a stream. */
async function stream(
  turn: { principal: KeyPrincipal; repeatable: IdempotentRequest | null; open: () => Promise<OpenTurn> },
  around: Omit<StreamSurroundings, 'settle'>,
): Promise<Response> {
  const { principal, repeatable, open } = turn
  const claimed = repeatable && (await claim(principal, repeatable, around))
  if (claimed?.kind === 'replay') {
    around.onEnd(200, '')
    return replayedStream(TurnAnswer.parse(claimed.answer.body))
  }
  const settle = async (answer: TurnAnswer | null) => {
    await (answer ? claimed?.keep({ status: 200, body: answer }) : claimed?.forget())
  }
  try {
    return await streamTurn(await open(), { ...around, settle })
  } catch (error) {
    await claimed?.forget()
    throw error
  }
}

function respond(
  endpoint: Endpoint,
  request: Request,
  input: object,
  { status, body }: { status: number; body: unknown },
  headers: Record<string, string> = {},
): Response {
  const isCsv = endpoint.csv && 'format' in input && input.format === 'csv'
  if (!isCsv) {
    const json = JSON.stringify(body)
    const isHanded = handAnswer(request.headers.get(PASS_HEADER), json)
    const type = { 'Content-Type': 'application/json' }
    const own = endpoint.headers?.(body)
    return new Response(isHanded ? null : json, { status, headers: { ...type, ...headers, ...own } })
  }
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

/** The body as one JSON document. Throws unsupported_media_type, payload_too_large, invalid_json. */
export async function readJson(request: Request): Promise<unknown> {
  return parseJson(await readText(request))
}

function readInput(
  endpoint: Endpoint,
  request: Request,
  params: Record<string, string>,
  { text, form }: ReadBody,
): object {
  return {
    ...(endpoint.params ? parse(endpoint.params, params) : {}),
    ...(endpoint.query ? parse(endpoint.query, queryOf(request)) : {}),
    ...(form ?? (endpoint.body ? parse(endpoint.body, bodyOf(endpoint.body, text)) : {})),
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
