import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { count, minute, plain, print, table } from './output'

function asStream(stream: Writable): NodeJS.WriteStream {
  return stream as unknown as NodeJS.WriteStream
}

describe('output', () => {
  test('aligns columns by what is seen, with no space at the end of a line', () => {
    const lines = table(
      ['ID', 'NAME'],
      [
        ['key_1', 'Zoe\u0308'],
        ['k', ''],
      ],
    )
    expect(lines).toBe('ID     NAME\nkey_1  Zoe\u0308\nk')
  })

  test('shows what somebody typed without what would steer the terminal', () => {
    expect(plain('a\u001b[2Jb\u0007\nc\u202ed')).toBe('a\ufffd[2Jb\ufffd\ufffdc\ufffdd')
    expect(table(['NAME'], [['x\u001b[31m\ny']])).toBe('NAME\nx\ufffd[31m\ufffdy')
  })

  test('counts and tells times in words for people', () => {
    expect([count(0, 'session'), count(1, 'session'), count(2, 'session')]).toEqual([
      '0 sessions',
      'one session',
      '2 sessions',
    ])
    expect(minute('2026-01-31T09:30:59.999Z')).toBe('2026-01-31 09:30 UTC')
  })

  test('is out when printing returns', async () => {
    const stream = new PassThrough()
    await print(asStream(stream), 'one')
    expect(String(stream.read())).toBe('one\n')
  })

  test('does not mind a reader that has gone away, and does mind any other failure', async () => {
    const failing = (code: string) =>
      new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) })
    await expect(print(asStream(failing('EPIPE')), 'x')).resolves.toBeUndefined()
    await expect(print(asStream(failing('ENOSPC')), 'x')).rejects.toThrow('ENOSPC')
  })
})
