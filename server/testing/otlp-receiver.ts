import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A span as it arrived. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  /** Empty for the first of a trace. */
  parentId: string
  name: string
  attributes: Record<string, string>
  /** Trace and span that it is linked to. */
  links: string[]
  isError: boolean
}

/** The fields of one protobuf message: numbers and bytes by field number. */
function fieldsOf(bytes: Buffer): Map<number, (Buffer | bigint)[]> {
  const fields = new Map<number, (Buffer | bigint)[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Buffer => {
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wire = tag & 7
    const value = wire === 0 ? varint() : take(wire === 2 ? Number(varint()) : wire === 1 ? 8 : 4)
    const number = tag >> 3
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}

function parts(message: Buffer, number: number): Buffer[] {
  return (fieldsOf(message).get(number) ?? []).filter((value) => Buffer.isBuffer(value))
}

function attributesOf(message: Buffer, number: number): Record<string, string> {
  const pairs = parts(message, number).map((pair): [string, string] => {
    const [key = Buffer.of()] = parts(pair, 1)
    const [value = Buffer.of()] = parts(pair, 2)
    const [told] = [...fieldsOf(value).values()].flat()
    return [key.toString(), Buffer.isBuffer(told) ? told.toString() : String(told)]
  })
  return Object.fromEntries(pairs)
}

/** opentelemetry/proto/trace/v1/trace.proto, Span. */
function spanOf(message: Buffer): ReceivedSpan {
  const hex = (number: number) => parts(message, number)[0]?.toString('hex') ?? ''
  const [status = Buffer.of()] = parts(message, 15)
  return {
    traceId: hex(1),
    spanId: hex(2),
    parentId: hex(4),
    name: parts(message, 5)[0]?.toString() ?? '',
    attributes: attributesOf(message, 9),
    links: parts(message, 13).map(
      (link) => `${parts(link, 1)[0]?.toString('hex')} ${parts(link, 2)[0]?.toString('hex')}`,
    ),
    isError: fieldsOf(status).get(3)?.[0] === 2n,
  }
}

const WAIT_MS = 15_000

/** A receiver of OTLP over HTTP in protobuf, as a collector is one. */
export async function startOtlpReceiver() {
  const spans: ReceivedSpan[] = []
  const bodies: string[] = []
  const resources: Record<string, string>[] = []
  const headers: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    bodies.push(body.toString('latin1'))
    headers.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`)
    for (const resourceSpans of parts(body, 1)) {
      for (const resource of parts(resourceSpans, 1)) resources.push(attributesOf(resource, 1))
      for (const scope of parts(resourceSpans, 2)) spans.push(...parts(scope, 2).map(spanOf))
    }
    response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    /** Everything that came, byte for byte. */
    bodies,
    /** What each batch says of its sender. */
    resources,
    /** Method, path and headers of every call. */
    headers,
    /** Waits until a span has come that fits; throws after 15 seconds. */
    async until(fits: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan> {
      const deadline = Date.now() + WAIT_MS
      for (;;) {
        const found = spans.find(fits)
        if (found) return found
        if (Date.now() > deadline) throw new Error(`no such span among ${spans.map(({ name }) => name)}`)
        await sleep(50)
      }
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
