import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ParsedResponse, ResponseParser } from './response-parser'

function read(pieces: readonly Buffer[], closes = false): ParsedResponse[] {
  const found: ParsedResponse[] = []
  const parser = new ResponseParser((response) => found.push(response))
  for (const piece of pieces) parser.push(piece)
  if (closes) parser.end()
  return found
}

const lines = (...all: string[]) => Buffer.from(all.join('\r\n'))

const byLength = lines('HTTP/1.1 200 OK', 'Content-Type: text/plain', 'content-length: 5', '', 'hello')
const chunked = lines(
  'HTTP/1.1 401 Unauthorized',
  'Transfer-Encoding: chunked',
  '',
  '5;name=value',
  'hello',
  'A',
  '0123456789',
  '0',
  'X-Trailer: 1',
  '',
  '',
)
const degraded = lines('HTTP/1.1 200 OK', 'X-RateLimit-Mode: degraded', 'Content-Length: 2', '', '{}')
const continued = lines('HTTP/1.1 100 Continue', '', 'HTTP/1.1 204 No Content', 'Connection: close', '', '')
const empty = lines('HTTP/1.1 429 Too Many Requests', 'Content-Length: 0', '', '')

const stream = Buffer.concat([byLength, degraded, chunked, continued, empty, byLength])
const answers: ParsedResponse[] = [
  { status: 200, bodyBytes: 5, isReusable: true, isDegraded: false },
  { status: 200, bodyBytes: 2, isReusable: true, isDegraded: true },
  { status: 401, bodyBytes: 15, isReusable: true, isDegraded: false },
  { status: 204, bodyBytes: 0, isReusable: false, isDegraded: false },
  { status: 429, bodyBytes: 0, isReusable: true, isDegraded: false },
  { status: 200, bodyBytes: 5, isReusable: true, isDegraded: false },
]

test('answers are read the same however their bytes are cut up', () => {
  expect(read([stream])).toEqual(answers)
  expect(read([...stream].map((byte) => Buffer.from([byte])))).toEqual(answers)
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const marks = [0, ...cuts, stream.length].sort((a, b) => a - b)
      const pieces = marks.slice(1).map((mark, index) => stream.subarray(marks[index], mark))
      expect(read(pieces)).toEqual(answers)
    }),
  )
})

test('an answer without a length lasts until the connection closes, which is then used no more', () => {
  const answer = lines('HTTP/1.1 200 OK', '', 'hello')
  expect(read([answer])).toEqual([])
  expect(read([answer], true)).toEqual([{ status: 200, bodyBytes: 5, isReusable: false, isDegraded: false }])
})

test('HTTP/1.0 is used again only when it says so', () => {
  expect(read([lines('HTTP/1.0 200 OK', 'Content-Length: 0', '', '')])[0]?.isReusable).toBe(false)
  const kept = lines('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 0', '', '')
  expect(read([kept])[0]?.isReusable).toBe(true)
})

describe('refused is', () => {
  test.each([
    ['an answer that is cut off in its head', 'HTTP/1.1 200'],
    ['an answer that is cut off in its body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell'],
    [
      'an answer that is cut off between chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na',
    ],
    ['something else than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`],
  ])('%s', (_name, text) => {
    expect(() => read([Buffer.from(text)], true)).toThrow()
  })
})
