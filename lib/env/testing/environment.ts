import { vi } from 'vitest'
import { forgetEnv } from '../node'

/** Sets variables of this process until restoreEnvironment; undefined takes one away. */
export function setEnvironment(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  forgetEnv()
}

/** Gives every variable the value that it had before the first setEnvironment. */
export function restoreEnvironment(): void {
  vi.unstubAllEnvs()
  forgetEnv()
}
