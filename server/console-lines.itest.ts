import { afterEach, expect, test, vi } from 'vitest'
import { restoreEnvironment } from '../lib/env/testing/environment'
import { captureLog } from '../lib/store/testing/captured-log'
import { takeOverConsole } from './console-lines'

afterEach(restoreEnvironment)

/** What the log has of something said to the console. */
function lines(say: () => void) {
  const log = captureLog()
  const giveBack = takeOverConsole()
  say()
  giveBack()
  const written = { text: log.text(), lines: log.lines() }
  log.end()
  return written
}

test('a page that failed is one line, with its digest and its frames, and none of the error’s words', () => {
  const error = Object.assign(new TypeError('hunter2\nof ada@example.com'), { digest: '1234567' })
  const { text, lines: told } = lines(() => console.error(' ⨯', error))
  expect(told).toEqual([
    {
      digest: '1234567',
      cause: 'TypeError',
      frames: expect.arrayContaining([expect.stringContaining('console-lines')]),
      msg: 'a page failed',
    },
  ])
  expect(text).not.toMatch(/hunter2|ada@/)
})

test('words alone are one line, without what looks like a credential', () => {
  const { lines: told } = lines(() => console.error('one\ntwo', 'postgresql://twig:hunter2@db/twig'))
  expect(told).toEqual([{ msg: 'one\ntwo postgresql://[secret]@db/twig' }])
})

test('a line of the gate’s own is handed on as it is', () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const line = '{"level":50,"requestId":"req_1","cause":"Error","msg":"gate cannot decide"}'
  const { text } = lines(() => console.error(line))
  expect(written.mock.calls).toEqual([[`${line}\n`]])
  written.mockRestore()
  expect(text).toBe('')
})
