/** What has been started and must end, newest first. */
export interface Closing {
  add: (part: () => Promise<unknown> | unknown) => void
  /** Ends everything; what fails to end does not keep the rest. */
  close: () => Promise<void>
}

export function closing(): Closing {
  const parts: (() => Promise<unknown> | unknown)[] = []
  return {
    add: (part) => void parts.push(part),
    close: async () => {
      for (const part of parts.splice(0).reverse()) {
        try {
          await part()
        } catch (error) {
          process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
        }
      }
    },
  }
}

/**
 * Waits for all, also when some fail, so that nothing is started behind the back of what is being closed.
 * @throws what the first failed with
 */
export async function together<T extends readonly Promise<unknown>[] | []>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(work)
  const values = settled.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
  return values as { -readonly [K in keyof T]: Awaited<T[K]> }
}
