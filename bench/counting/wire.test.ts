import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StatementReader } from './postgres-wire'
import { CommandReader } from './redis-wire'

const text = (value: string) => Buffer.from(`${value}\0`)

function sized(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const postgres = Buffer.concat([
  sized('', number(80_877_103)),
  sized('', number(196_608), text('user'), text('twig'), Buffer.alloc(1)),
  sized('p', text('SCRAM-SHA-256')),
  sized('Q', text('BEGIN')),
  sized('P', text('named'), text('select 1'), Buffer.alloc(2)),
  sized('P', text(''), text('update "grüße"'), Buffer.alloc(2)),
  ...['named', '', 'named'].flatMap((name) => [
    sized('B', text(''), text(name), Buffer.alloc(6)),
    sized('D', Buffer.from('P'), text('')),
    sized('E', text(''), number(0)),
  ]),
  sized('S'),
  sized('Q', text('COMMIT')),
  sized('X'),
])

const redis = Buffer.from(
  '*1\r\n$4\r\nPING\r\n*3\r\n$7\r\nEVALSHA\r\n$3\r\nä1\r\n$2\r\n\r\n\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n',
)

function cut(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const marks = [0, ...cuts, stream.length].sort((a, b) => a - b)
  return marks.slice(1).map((mark, index) => stream.subarray(marks[index], mark))
}

test('every statement that runs is found once, prepared or not, however the bytes are cut up', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(postgres.length), { maxLength: 12 }), (cuts) => {
      const found: string[] = []
      const reader = new StatementReader((sql) => found.push(sql))
      for (const piece of cut(postgres, cuts)) reader.push(piece)
      expect(found).toEqual(['BEGIN', 'select 1', 'update "grüße"', 'select 1', 'COMMIT'])
    }),
  )
})

test('every Redis command is found once, however the bytes are cut up', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(redis.length), { maxLength: 12 }), (cuts) => {
      const found: string[][] = []
      const reader = new CommandReader((command) => found.push(command))
      for (const piece of cut(redis, cuts)) reader.push(piece)
      expect(found).toEqual([['PING'], ['EVALSHA', 'ä1', '\r\n'], ['GET', '']])
    }),
  )
})

test('what is no command is not passed over in silence', () => {
  expect(() => new CommandReader(() => {}).push(Buffer.from('PING\r\n'))).toThrow()
})
