import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, Link, Span } from '@opentelemetry/api'
import { log } from '../lib/store/log'
import { type SpanFacts, setTracer } from '../lib/store/tracing'
import { routeOf } from './answer-watch'

const TELL_MS = 60_000
/** For what is still to be handed over when the process ends. */
const CLOSE_MS = 2_000

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

export interface Tracing {
  /** Puts every request in a span of its own. */
  traced(handle: Handle): Handle
  /** Hands over what is left, for two seconds at most. */
  close(): Promise<void>
}

interface TracingOptions {
  /** Which share of the requests is traced, 0 to 1. */
  share: number
  /** Of the process, as metrics name it. */
  instance: string
}

/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/

/**
 * The caller's own trace, as a link: whoever calls decides neither which trace ours is part of nor whether it is kept.
 */
function linksOf({ headers }: IncomingMessage): Link[] {
  const [, traceId, spanId] = TRACEPARENT.exec(String(headers.traceparent ?? '')) ?? []
  if (!traceId || !spanId || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return []
  return [{ context: { traceId, spanId, traceFlags: 0, isRemote: true } }]
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

/**
 * Begins to make traces and to send them by OTLP over HTTP, as the OTEL_* variables say (OpenTelemetry's own names). The
 * packages are loaded here and nowhere else. The provider stays our own: registered for the process, Next would add spans
 * that name raw paths, in which the tokens of resets and invitations stand.
 */
export async function startTracing({ share, instance }: TracingOptions): Promise<Tracing> {
  const [api, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ])
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api
  tellFailures((logger) => api.diag.setLogger(logger, api.DiagLogLevel.ERROR))
  const named = resources.resourceFromAttributes({ 'service.name': 'twig', 'service.instance.id': instance })
  const given = resources.detectResources({ detectors: [resources.envDetector] })
  const provider = new sdk.TracerProvider({
    resource: resources.defaultResource().merge(named).merge(given),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  })
  const otel = provider.getTracer('twig')
  const current = new AsyncLocalStorage<Context>()

  function end(span: Span, failure?: string): void {
    if (failure !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute('error.type', failure)
    }
    span.end()
  }

  setTracer({
    // What no request waits for is not traced.
    async span(name, facts, work) {
      const parent = current.getStore()
      if (!parent) return work(() => {})
      const span = otel.startSpan(name, { kind: SpanKind.CLIENT, attributes: { ...facts } }, parent)
      return current.run(trace.setSpan(parent, span), async () => {
        try {
          const result = await work((more) => void span.setAttributes({ ...more }))
          end(span)
          return result
        } catch (error) {
          end(span, nameOf(error))
          throw error
        }
      })
    },
    note(facts: SpanFacts) {
      const context = current.getStore()
      if (context) trace.getSpan(context)?.setAttributes({ ...facts })
    },
  })

  return {
    traced: (handle) => (request, response) => {
      const { method = '', url = '' } = request
      const route = routeOf(method, url)
      const attributes = { 'http.request.method': method, 'http.route': route }
      const links = linksOf(request)
      const options = { kind: SpanKind.SERVER, attributes, links }
      const span = otel.startSpan(`${method} ${route}`, options, ROOT_CONTEXT)
      response.once('close', () => {
        const { statusCode: status } = response
        span.setAttribute('http.response.status_code', status)
        const requestId = response.getHeader('x-request-id')
        if (requestId !== undefined) span.setAttribute('twig.request_id', String(requestId))
        end(span, status >= 500 ? String(status) : undefined)
      })
      return current.run(trace.setSpan(ROOT_CONTEXT, span), () => handle(request, response))
    },
    close: async () => {
      setTracer(undefined)
      await Promise.race([provider.shutdown().catch(() => {}), sleep(CLOSE_MS, undefined, { ref: false })])
    },
  }
}

interface Logger {
  error(): void
  warn(): void
  info(): void
  debug(): void
  verbose(): void
}

/** What the packages say of a failure may quote an address with a password: only that there was one is told, once a minute. */
function tellFailures(setLogger: (logger: Logger) => void): void {
  const nothing = () => {}
  let toldMs = Number.NEGATIVE_INFINITY
  const error = () => {
    if (Date.now() - toldMs < TELL_MS) return
    toldMs = Date.now()
    log().warn('traces could not be handed over; see OTEL_EXPORTER_OTLP_ENDPOINT')
  }
  setLogger({ error, warn: nothing, info: nothing, debug: nothing, verbose: nothing })
}
