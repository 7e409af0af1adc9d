import { expect, test } from 'vitest'
import { countCommands } from './commands'

test('commands are told apart by name and script, those of an idle process counted by themselves', () => {
  const sent = [
    ['evalsha', 'abc', '1', 'k:1'],
    ['EVALSHA', 'abc', '1', 'k:2'],
    ['EVALSHA', 'def', '0'],
    ['ping'],
  ]
  expect(countCommands(sent, new Set(['PING', 'EVALSHA def']))).toEqual({
    all: 4,
    background: 2,
    other: 2,
    byName: { 'EVALSHA abc': 2, 'EVALSHA def': 1, PING: 1 },
  })
})
