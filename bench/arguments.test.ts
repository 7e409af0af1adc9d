import { expect, test } from 'vitest'
import { figureNames, parseArguments } from './arguments'

test('without arguments everything is measured, on servers of its own', () => {
  expect(parseArguments([])).toEqual({
    figures: figureNames,
    running: undefined,
    targets: [],
    rounds: undefined,
  })
})

test('figures, targets and rounds can be named in any order', () => {
  const parsed = parseArguments([
    'burst',
    'other=http://a.example/x=x-api-key: abc',
    '--rounds',
    '3',
    'counts',
  ])
  expect(parsed).toMatchObject({ figures: ['burst', 'counts'], rounds: 3 })
  expect(parsed.targets.map(({ name }) => name)).toEqual(['other'])
})

test('of a Twig that runs already only the throughput is measured', () => {
  const parsed = parseArguments(['--url', 'http://localhost:3000/', '--key', 'twigsk_x'])
  expect(parsed.running).toEqual({ url: 'http://localhost:3000', key: 'twigsk_x' })
  expect(parsed.figures).toEqual(['throughput'])
})

test.each([
  [['--url', 'http://localhost:3000']],
  [['--key', 'x']],
  [['--url', 'localhost', '--key', 'x']],
  [['--url', 'http://localhost:3000', '--key', 'x', 'burst']],
  [['--rounds', '0']],
  [['--fast']],
  [['everything']],
])('%j is refused with the usage', (argv) => {
  expect(() => parseArguments(argv)).toThrow(/Usage: npm run bench/)
})
