import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readVitestReport, unnamedCause } from './test-reports'

test('a suite that failed without a failed test is told by the error that no test waited for', () => {
  const output = [
    ' ✓ unit server/a.test.ts (1 test) 2ms',
    '⎯⎯⎯⎯⎯⎯ \u001b[31mUnhandled Errors\u001b[39m ⎯⎯⎯⎯⎯⎯',
    '',
    'Vitest caught 1 unhandled error during the test run.',
    '⎯⎯⎯⎯ Unhandled Rejection ⎯⎯⎯⎯⎯',
    'Error: read ECONNRESET',
    ' ❯ server/a.ts:12:3',
    'Test Files  1 passed (1)',
  ].join('\n')
  expect(unnamedCause(output)).toContain('Error: read ECONNRESET · ❯ server/a.ts:12:3')
  expect(unnamedCause('Test Files  1 passed (1)\nerror during close: EBUSY')).toContain('EBUSY')
})

test('what failed, and what passed at a second try, is named with its cause', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twig-report-'))
  const file = join(folder, 'vitest.json')
  const one = (fullName: string, status: string, ...failureMessages: string[]) => ({
    fullName,
    status,
    failureMessages,
  })
  const assertionResults = [
    one('waits for its turn', 'passed', 'Error: too late\n    at server/a.test.ts:3:1'),
    one('is quick', 'passed'),
    one('is right', 'failed', 'Error: first', 'Error: expected 1 to be 2'),
  ]
  const testResults = [
    { name: join(folder, 'a.test.ts'), status: 'failed', assertionResults },
    { name: join(folder, 'b.test.ts'), status: 'failed', message: 'cannot be read', assertionResults: [] },
  ]
  writeFileSync(file, JSON.stringify({ numPassedTests: 2, testResults }))
  expect(readVitestReport(file, folder)).toEqual({
    passed: 2,
    flaky: ['a.test.ts › waits for its turn: Error: too late · at server/a.test.ts:3:1'],
    failed: ['a.test.ts › is right: Error: expected 1 to be 2', 'b.test.ts: cannot be read'],
    skipped: 0,
  })
  rmSync(folder, { recursive: true })
})
