import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import {
  errorEvent,
  lastUserText,
  ModelRequest,
  modelList,
  refusal,
  streamedAnswer,
  type Wire,
  wholeAnswer,
} from './model-wire'

/**
 * How the server takes a request. `slow` waits before it answers and between pieces (`slowMs`); `silent` takes the
 * request and never answers; `endless` streams until the caller leaves; `cut` drops the connection in the middle;
 * `error_in_stream` tells of a failure after two pieces; `no_models` has no list of models, `open_models` shows it to
 * anybody; `unheeding` says to anybody, whatever the key, that there is no such model; `rejected` is 401, `payment_required` 402, `insufficient_quota` and `rate_limited` 429, `overloaded` 529.
 */
export type Behaviour =
  | 'ok'
  | 'bad_request'
  | 'rejected'
  | 'payment_required'
  | 'forbidden'
  | 'no_such_model'
  | 'insufficient_quota'
  | 'rate_limited'
  | 'server_error'
  | 'overloaded'
  | 'slow'
  | 'silent'
  | 'endless'
  | 'cut'
  | 'error_in_stream'
  | 'malformed'
  | 'html'
  | 'redirect'
  | 'no_models'
  | 'open_models'
  | 'unheeding'

interface ModelCall {
  method: string
  path: string
  /** As it came: from `Authorization: Bearer` or `x-api-key`. */
  key: string | null
  body: unknown
  /** Of the answer; 0 while there is none. */
  status: number
  /** The caller left before the answer was complete. */
  abandoned: boolean
}

export interface ModelServer {
  /** Origin. OPENAI_BASE_URL, ANTHROPIC_BASE_URL and a custom endpoint are this and `/v1`. */
  url: string
  /** All requests so far, oldest first. */
  calls: ModelCall[]
  /** From now on; with `on`, questions only or the list of models only, so that a key can be saved and then fail. */
  behave: (behaviour: Behaviour, on?: 'everything' | 'answers' | 'models') => void
  /** What it answers to a request; by default it repeats the question. */
  answerWith: (answer: (request: ModelRequest) => string) => void
  close: () => Promise<void>
}

interface Options {
  /** Keys that it takes; any key by default, but never none. */
  keys?: readonly string[]
  models?: readonly string[]
  slowMs?: number
  port?: number
}

interface Failure {
  status: number
  type: string
  code: string | null
  message: string
}

const failures: Partial<Record<Behaviour, Failure>> = {
  bad_request: {
    status: 400,
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
    message: 'This model takes fewer tokens than that.',
  },
  payment_required: {
    status: 402,
    type: 'billing_error',
    code: 'payment_required',
    message: 'Your credit balance is too low.',
  },
  forbidden: {
    status: 403,
    type: 'permission_error',
    code: 'model_not_allowed',
    message: 'Your project may not use this model.',
  },
  no_such_model: {
    status: 404,
    type: 'not_found_error',
    code: 'model_not_found',
    message: 'The model does not exist.',
  },
  insufficient_quota: {
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message: 'You exceeded your current quota, please check your plan and billing details.',
  },
  rate_limited: {
    status: 429,
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    message: 'Rate limit reached.',
  },
  server_error: { status: 500, type: 'api_error', code: null, message: 'The server had an error.' },
  overloaded: { status: 529, type: 'overloaded_error', code: null, message: 'Overloaded' },
}

const WIRES: Readonly<Record<string, Wire>> = {
  '/v1/chat/completions': 'completions',
  '/v1/responses': 'responses',
  '/v1/messages': 'messages',
}

function keyOf({ headers }: IncomingMessage): string | null {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  const key = bearer ?? headers['x-api-key']
  return typeof key === 'string' ? key : null
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Vendors quote the key that they refuse; nothing that Twig shows may. */
function rejection(isAnthropic: boolean, key: string | null): object {
  const message = isAnthropic ? 'invalid x-api-key' : `Incorrect API key provided: ${key ?? 'none'}.`
  return refusal(isAnthropic, { type: 'authentication_error', code: 'invalid_api_key', message })
}

type Answering = { behaviour: Behaviour; slowMs: number; text: string; model: string; wire: Wire }

async function stream(response: ServerResponse, { behaviour, slowMs, text, model, wire }: Answering) {
  const { head, pieces, tail } = streamedAnswer(wire, model, text)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const some = async (events: readonly string[], pauseMs = 0) => {
    for (const event of events) {
      if (response.destroyed) return
      response.write(event)
      if (pauseMs > 0) await wait(pauseMs)
    }
  }
  await some(head)
  if (behaviour === 'malformed') return response.end('data: {"choices": [{"del\n\n')
  if (behaviour === 'error_in_stream') {
    await some(pieces.slice(0, 2))
    return response.end(errorEvent(wire))
  }
  if (behaviour === 'cut') {
    await some(pieces.slice(0, 2), 10)
    return response.destroy()
  }
  while (behaviour === 'endless' && !response.destroyed) await some(pieces, 10)
  await some(pieces, behaviour === 'slow' ? slowMs : 0)
  await some(tail)
  return response.end()
}

async function whole(response: ServerResponse, { behaviour, text, model, wire }: Answering) {
  const answer = JSON.stringify(wholeAnswer(wire, model, text))
  if (behaviour === 'malformed') return response.writeHead(200).end(answer.slice(0, answer.length / 2))
  if (behaviour !== 'cut') return send(response, 200, wholeAnswer(wire, model, text))
  response.writeHead(200, { 'content-length': answer.length }).write(answer.slice(0, answer.length / 2))
  await wait(10)
  return response.destroy()
}

/**
 * Starts an HTTP server on a free port of this machine that speaks OpenAI's and Anthropic's API the way they do. It stands
 * beside the code that talks to vendors, so that unit, integration and browser tests can import it
 * (`lib/store/testing/model-server`); shipped code cannot.
 */
export async function startModelServer(options: Options = {}): Promise<ModelServer> {
  const { keys, models = ['gpt-stand-in', 'gpt-stand-in-mini'], slowMs = 300, port = 0 } = options
  const calls: ModelCall[] = []
  const behaviours: Record<'answers' | 'models', Behaviour> = { answers: 'ok', models: 'ok' }
  let answer = (request: ModelRequest) => `You asked: ${lastUserText(request).slice(-200)}`

  /** What stands before any answer: failures, waits and keys. Returns whether the request is dealt with. */
  async function refused(
    response: ServerResponse,
    behaviour: Behaviour,
    call: ModelCall,
    isAnthropic: boolean,
  ) {
    const failure = failures[behaviour === 'unheeding' ? 'no_such_model' : behaviour]
    const isKnown = call.key !== null && (!keys || keys.includes(call.key))
    const isOpen = behaviour === 'unheeding' || (behaviour === 'open_models' && call.path === '/v1/models')
    if (behaviour === 'silent') return true
    if (behaviour === 'slow') await wait(slowMs)
    if (behaviour === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>')
    else if (behaviour === 'redirect') response.writeHead(302, { location: `${url}/elsewhere` }).end()
    else if (behaviour === 'rejected' || (!isKnown && !isOpen))
      send(response, 401, rejection(isAnthropic, call.key))
    else if (failure) send(response, failure.status, refusal(isAnthropic, failure))
    else return false
    return true
  }

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const isAnthropic = request.headers['anthropic-version'] !== undefined
    const call: ModelCall = {
      method: request.method ?? '',
      path,
      key: keyOf(request),
      body: null,
      status: 0,
      abandoned: false,
    }
    calls.push(call)
    response.on('close', () => {
      call.status = response.headersSent ? response.statusCode : 0
      call.abandoned = !response.writableFinished
    })
    call.body = await bodyOf(request)
    const wire = WIRES[path]
    const behaviour = behaviours[wire ? 'answers' : 'models']
    if (await refused(response, behaviour, call, isAnthropic)) return
    const isModels = path === '/v1/models' && request.method === 'GET'
    if (isModels && behaviour !== 'no_models') {
      if (behaviour === 'malformed') response.writeHead(200).end('{"data": [')
      else send(response, 200, modelList(isAnthropic, models))
      return
    }
    const body = ModelRequest.safeParse(call.body)
    if (!wire || request.method !== 'POST' || !body.success) {
      const failure = { type: 'invalid_request_error', code: 'unknown_url', message: 'Unknown request URL' }
      send(response, 404, refusal(isAnthropic, failure))
      return
    }
    const answering = { behaviour, slowMs, text: answer(body.data), model: body.data.model, wire }
    await (body.data.stream ? stream : whole)(response, answering)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    calls,
    behave: (behaviour, on = 'everything') => {
      if (on !== 'models') behaviours.answers = behaviour
      if (on !== 'answers') behaviours.models = behaviour
    },
    answerWith: (next) => {
      answer = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
