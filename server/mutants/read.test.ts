import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../configuration'
import { parseMutants, readMutants } from './read'

describe('a list of mutants', () => {
  test('is read with its file and tests, several lines and indentation kept', () => {
    const text =
      '; a comment\n\nfile lib/a.ts\ntests lib/a.test.ts lib/b.test.ts\n\n# no check\n-   if (a)\n-     b()\n+   b()\n\n# gone\n- x\n'
    const tests = ['lib/a.test.ts', 'lib/b.test.ts']
    expect(parseMutants(text)).toEqual([
      { name: 'no check', file: 'lib/a.ts', tests, find: '  if (a)\n    b()', replace: '  b()' },
      { name: 'gone', file: 'lib/a.ts', tests, find: 'x', replace: '' },
    ])
  })

  test.each(['- x', 'file a\n# name only\n', 'what is this', '#name'])(
    'is refused where it holds %j',
    (text) => {
      expect(() => parseMutants(text)).toThrow()
    },
  )
})

const mutants = readMutants()

test('every mutant names a file that holds its text exactly once, and tests that are there', () => {
  expect(mutants.length).toBeGreaterThan(100)
  const lost = mutants.filter(({ file, find, tests }) => {
    const path = join(root, file)
    const count = existsSync(path) ? readFileSync(path, 'utf8').split(find).length - 1 : 0
    return count !== 1 || tests.some((test) => !existsSync(join(root, test)))
  })
  expect(lost.map(({ file, name }) => `${file}: ${name}`)).toEqual([])
})

test('no two mutants of a file have the same name, and each changes something', () => {
  const names = mutants.map(({ file, name }) => `${file}: ${name}`)
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  expect(mutants.filter(({ find, replace }) => find === replace)).toEqual([])
})
