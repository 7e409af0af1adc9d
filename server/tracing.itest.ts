import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { cache } from '../lib/store/cache'
import { checkDatabase } from '../lib/store/db'
import { operatorFetch } from '../lib/store/outbound'
import { tracer } from '../lib/store/tracing'
import { serverDependencies } from './gate'
import { listen } from './http'
import { createRequestHandler } from './request'
import { startOtlpReceiver } from './testing/otlp-receiver'
import { startTracing } from './tracing'

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const receiver = await startOtlpReceiver()
afterAll(receiver.close)

async function behind(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url?.startsWith('/reset/')) {
    await checkDatabase()
    await operatorFetch()(`${receiver.url}/hook/hunter2?token=hunter2`, {
      headers: { Authorization: 'Bearer hunter2' },
    })
  }
  if (request.url === '/login') response.statusCode = 500
  response.end('done')
}

async function open(share: number) {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url
  const tracing = await startTracing({ share, instance: 'main' })
  const gate = serverDependencies(cache())
  const { appUrl, trustedProxyHops } = gate
  const handler = tracing.traced(
    createRequestHandler({ handle: behind, gate, env: { appUrl, trustedProxyHops } }),
  )
  const server = await listen({ handler, port: 0, host: '127.0.0.1' })
  return { tracing, server }
}

function get(port: number, path: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port, host: '127.0.0.1', path, headers, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end()
  })
}

let opened: Awaited<ReturnType<typeof open>>
beforeAll(async () => {
  opened = await open(1)
  await get(opened.server.port, '/reset/hunter2-token?email=ada%40hunter2.example', {
    traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
    cookie: 'twig_session=hunter2',
  })
  await get(opened.server.port, '/api/v1/agents/hunter2', { authorization: 'Bearer hunter2' })
  await get(opened.server.port, '/login', { traceparent: `00-${'0'.repeat(32)}-${CALLER.spanId}-01` })
  // Hands over what is left.
  await opened.tracing.close()
  await opened.server.close(0)
})
afterEach(() => expect(tracer()).toBeUndefined())

const named = (name: string) => receiver.spans.find((span) => span.name === name)

test('a request is a span by its route’s pattern, with its status and the id that the caller saw', () => {
  expect(named('GET /reset/{token}')).toMatchObject({
    parentId: '',
    isError: false,
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/reset/{token}',
      'http.response.status_code': '200',
    },
  })
  expect(named('GET /api/v1/agents/{id}')?.attributes).toMatchObject({
    'http.response.status_code': '401',
    'twig.gate.outcome': 'invalid_key_format',
    'twig.request_id': expect.stringMatching(/^req_/),
  })
  expect(named('GET /login')).toMatchObject({ isError: true })
})

test('the caller’s trace is linked, and never joined', () => {
  const request = named('GET /reset/{token}')
  expect(request?.traceId).not.toBe(CALLER.traceId)
  expect(request?.links).toEqual([`${CALLER.traceId} ${CALLER.spanId}`])
  expect(named('GET /login')?.links).toEqual([])
})

test.each([
  [
    'postgres SELECT',
    {
      'db.system.name': 'postgresql',
      'db.operation.name': 'SELECT',
      'db.collection.name': 'organizations',
    },
  ],
  [
    'GET 127.0.0.1',
    { 'http.request.method': 'GET', 'server.address': '127.0.0.1', 'http.response.status_code': '200' },
  ],
])('%s stands below its request, and says no more than this', (name, attributes) => {
  const { traceId, spanId: parentId } = named('GET /reset/{token}') ?? {}
  expect(named(name)).toMatchObject({ traceId, parentId })
  expect(named(name)?.attributes).toEqual(attributes)
})

test('no path, query, header or value is in what was handed over', () => {
  const traces = receiver.bodies.filter((_body, at) => receiver.headers[at]?.startsWith('POST /v1/traces'))
  expect(traces.length).toBeGreaterThan(0)
  expect(traces.join()).not.toMatch(/hunter2|ada%40|ada@/)
})

test('the sender says who it is', () => {
  expect(receiver.resources.at(-1)).toMatchObject({ 'service.name': 'twig', 'service.instance.id': 'main' })
})

test('a share of 0 traces nothing', async () => {
  const before = receiver.spans.length
  const { tracing, server } = await open(0)
  await get(server.port, '/reset/x')
  await tracing.close()
  await server.close(0)
  expect(receiver.spans.length).toBe(before)
})
