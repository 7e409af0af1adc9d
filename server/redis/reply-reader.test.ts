import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RedisError, type Reply } from './reply'
import { ReplyReader } from './reply-reader'

function read(chunks: readonly Buffer[]): (Reply | RedisError)[] {
  const replies: (Reply | RedisError)[] = []
  const reader = new ReplyReader()
  for (const chunk of chunks) reader.push(chunk, (reply) => replies.push(reply))
  return replies
}

const stream = Buffer.from(
  [
    '+OK\r\n',
    ':12\r\n',
    ':-3\r\n',
    '$-1\r\n',
    '$0\r\n\r\n',
    '$12\r\nü 李 \r\n \r\n\r\n',
    '-NOSCRIPT No matching script.\r\n',
    '*-1\r\n',
    '*0\r\n',
    '*4\r\n$5\r\nadmit\r\n*2\r\n:1\r\n-ERR no\r\n$-1\r\n+x\r\n',
    '+PONG\r\n',
  ].join(''),
)
const replies = [
  'OK',
  12,
  -3,
  null,
  '',
  'ü 李 \r\n \r\n',
  new RedisError('NOSCRIPT No matching script.'),
  null,
  [],
  ['admit', [1, 'ERR no'], null, 'x'],
  'PONG',
]

test('replies are read the same however their bytes are cut up', () => {
  expect(read([stream])).toEqual(replies)
  expect(read([...stream].map((byte) => Buffer.from([byte])))).toEqual(replies)
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const marks = [0, ...cuts, stream.length].sort((a, b) => a - b)
      expect(read(marks.slice(1).map((mark, index) => stream.subarray(marks[index], mark)))).toEqual(replies)
    }),
  )
})

describe('refused is', () => {
  test.each([
    ['something else than Redis', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a newer protocol', '%1\r\n+a\r\n:1\r\n'],
    ['a length that is no number', '$1x\r\na\r\n'],
    ['a length without digits', '$\r\n\r\n'],
    ['a number that ends otherwise', ':1\rx'],
    ['a text that is longer than it says', '$1\r\nab\r\n'],
    ['a text that is longer than it says, before another reply', '$1\r\nabc:1\r\n'],
    ['a reply without end', `$2000000\r\n${'x'.repeat(1_100_000)}`],
  ])('%s', (_name, text) => {
    expect(() => read([Buffer.from(text)])).toThrow()
  })
})
