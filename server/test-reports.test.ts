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

test('what passed at a second try is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'twig-report-'))
  const file = join(folder, 'vitest.json')
  writeFileSync(file, JSON.stringify({ numPassedTests: 2, testResults: [] }))
  const output =
    '     \u001b[33m✓\u001b[39m waits for its turn \u001b[33m 308ms\u001b[39m (retry x1)\n   ✓ is quick 12ms\n'
  expect(readVitestReport(file, folder, output)).toEqual({
    passed: 2,
    flaky: ['waits for its turn'],
    failed: [],
    skipped: 0,
  })
  rmSync(folder, { recursive: true })
})
