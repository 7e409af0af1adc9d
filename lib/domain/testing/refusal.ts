import { expect } from 'vitest'

/** A TwigError with this code. */
export const code = (value: string) => expect.objectContaining({ code: value })
