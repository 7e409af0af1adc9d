import { expect } from 'vitest'
import { type ErrorCode, TwigError } from '../../core/errors'

/** The error of some work, which must be refused with that code. */
export async function refusedWith(code: ErrorCode, work: Promise<unknown>): Promise<TwigError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof TwigError)) throw error ?? new Error(`expected ${code}, and it was done`)
  expect(error.code).toBe(code)
  return error
}
