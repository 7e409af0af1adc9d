import { vi } from 'vitest'
import { setEnvironment } from '../../env/testing/environment'

const shared = globalThis as unknown as { twigLog?: unknown }

/**
 * What the process's own log writes to stdout from now on, from level info up, parsed and without its times.
 * @returns the lines so far, and what ends it; restoreEnvironment is the caller's
 */
export function captureLog() {
  setEnvironment({ LOG_LEVEL: 'info' })
  shared.twigLog = undefined
  let written = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    written += chunk
    return true
  })
  return {
    /** Everything on stdout, as it was written. */
    text: () => written,
    lines: () =>
      written
        .split('\n')
        .filter(Boolean)
        .map((line) => {
          const { time, level, ...facts } = JSON.parse(line) as Record<string, unknown>
          return facts
        }),
    end: () => {
      stdout.mockRestore()
      shared.twigLog = undefined
    },
  }
}
